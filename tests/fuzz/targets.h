#pragma once

#include <array>
#include <string_view>

namespace ballast::fuzz {

// Reads bytes that came from outside, and aborts when what was made of them cannot be true. Any bytes.
void ReadDecimal(std::string_view bytes);
void ReadTime(std::string_view bytes);
void ReadOrderPage(std::string_view bytes);
void ReadEvent(std::string_view bytes);
void ReadChecks(std::string_view bytes);
void ReadReport(std::string_view bytes);
void ReadJson(std::string_view bytes);
void ReadConfig(std::string_view bytes);
void ReadTradeFile(std::string_view bytes);
void ReadQuoteFile(std::string_view bytes);
void ReadInstrumentFile(std::string_view bytes);
void ReadKillFile(std::string_view bytes);
void ReadUrl(std::string_view bytes);
// targets_stored.cc: rows and messages as they are kept.
void ReadOrderRow(std::string_view bytes);
void ReadReportRow(std::string_view bytes);
void ReadMarketStep(std::string_view bytes);
void ReadBreakerRules(std::string_view bytes);
void ReadBreaker(std::string_view bytes);
void ReadLimits(std::string_view bytes);
void ReadLimitSet(std::string_view bytes);
void ReadExposure(std::string_view bytes);
void ReadReconciliation(std::string_view bytes);
void ReadStopPolicy(std::string_view bytes);
// targets_external.cc: what the process of a strategy sends.
void ReadExternal(std::string_view bytes);
// targets_web.cc: what a browser or a client of REST sends.
void ReadRestBody(std::string_view bytes);
void ReadHttp(std::string_view bytes);
void ReadWebSocket(std::string_view bytes);

struct Target {
  std::string_view name;
  void (*read)(std::string_view bytes);
};

// By the folder of its corpus.
inline constexpr std::array kTargets = {
    Target{"decimal", ReadDecimal},
    Target{"time", ReadTime},
    Target{"order_page", ReadOrderPage},
    Target{"event", ReadEvent},
    Target{"checks", ReadChecks},
    Target{"report", ReadReport},
    Target{"json", ReadJson},
    Target{"config", ReadConfig},
    Target{"trade_file", ReadTradeFile},
    Target{"quote_file", ReadQuoteFile},
    Target{"instruments", ReadInstrumentFile},
    Target{"kill_file", ReadKillFile},
    Target{"url", ReadUrl},
    Target{"order_row", ReadOrderRow},
    Target{"report_row", ReadReportRow},
    Target{"market_step", ReadMarketStep},
    Target{"breaker_rules", ReadBreakerRules},
    Target{"breaker", ReadBreaker},
    Target{"limits", ReadLimits},
    Target{"limit_set", ReadLimitSet},
    Target{"exposure", ReadExposure},
    Target{"reconciliation", ReadReconciliation},
    Target{"stop_policy", ReadStopPolicy},
    Target{"external", ReadExternal},
    Target{"rest_body", ReadRestBody},
    Target{"http", ReadHttp},
    Target{"websocket", ReadWebSocket},
};

}  // namespace ballast::fuzz
