#include "libs/external/registration.h"

#include <functional>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "libs/base/absl_std.h"
#include "libs/external/answer_sheet.h"

namespace ballast::external {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Pair;

v1::Registration Proto() {
  v1::Registration proto;
  proto.set_name("my_cross");
  proto.set_version("1.0-b");
  proto.set_warmup_bars(100);
  v1::Parameter& fast = *proto.add_parameters();
  fast.set_name("fast");
  fast.set_type(v1::PARAMETER_TYPE_INTEGER);
  fast.set_default_value("12");
  fast.set_minimum("1");
  fast.set_maximum("500");
  v1::Parameter& band = *proto.add_parameters();
  band.set_name("band");
  band.set_type(v1::PARAMETER_TYPE_DECIMAL);
  band.set_default_value("0.10");
  band.set_minimum("0");
  band.set_maximum("0.5");
  return proto;
}

Registration Whole() {
  std::vector<Problem> problems;
  Registration registration = ReadRegistration(Proto(), problems);
  EXPECT_THAT(problems, IsEmpty());
  return registration;
}

TEST(ReadRegistration, IsAnEntryOfTheCatalogue) {
  Registration registration = Whole();
  EXPECT_EQ(registration.strategy_id(), "external:my_cross@1.0-b");
  strategy::Parameters made_of;
  strategy::Entry entry = registration.EntryWith([&](const strategy::Parameters& complete) {
    made_of = complete;
    return std::make_unique<SheetStrategy>(std::make_shared<AnswerSheet>(), 100);
  });
  EXPECT_EQ(entry.strategy_id, "external:my_cross@1.0-b");
  EXPECT_EQ(entry.display_name, "my_cross") << "it has none of its own";
  ASSERT_EQ(entry.parameters.size(), 2U);
  EXPECT_EQ(entry.parameters[1].default_value, "0.1");
  auto made = entry.make({{"fast", "20"}});
  ASSERT_TRUE(made.ok());
  EXPECT_EQ((*made)->warmup_bars(), 100);
  EXPECT_THAT(made_of, ElementsAre(Pair("band", "0.1"), Pair("fast", "20")));
}

TEST(Registration, RefusesParametersByName) {
  Registration registration = Whole();
  auto refused = [&](const char* name, const char* value) {
    auto complete = registration.Complete({{name, value}});
    EXPECT_TRUE(absl::IsInvalidArgument(complete.status())) << name << "=" << value;
    return MessageOf(complete.status());
  };
  EXPECT_THAT(refused("fast", "501"), HasSubstr("parameters.fast: 1 to 500 expected"));
  EXPECT_THAT(refused("fast", "1.5"), HasSubstr("whole number"));
  EXPECT_THAT(refused("fast", "ten"), HasSubstr("parameters.fast"));
  EXPECT_THAT(refused("band", "NaN"), HasSubstr("parameters.band"));
  EXPECT_THAT(refused("slow", "1"), HasSubstr("no such parameter"));
}

TEST(ReadRegistration, TellsEveryProblemWithItsPlace) {
  struct Case {
    const char* field;
    std::function<void(v1::Registration&)> spoil;
  };
  const Case cases[] = {
      {"name", [](v1::Registration& r) { r.set_name(""); }},
      {"name", [](v1::Registration& r) { r.set_name("Big"); }},
      {"name", [](v1::Registration& r) { r.set_name("a@b"); }},
      {"name", [](v1::Registration& r) { r.set_name("a" + std::string(20, 'b')); }},
      {"version", [](v1::Registration& r) { r.set_version(""); }},
      {"version", [](v1::Registration& r) { r.set_version("1@2"); }},
      {"version", [](v1::Registration& r) { r.set_version("1.2.3.4.5.6"); }},
      {"display_name", [](v1::Registration& r) { r.set_display_name(std::string(101, 'x')); }},
      {"description", [](v1::Registration& r) { r.set_description(std::string(2001, 'x')); }},
      {"warmup_bars", [](v1::Registration& r) { r.set_warmup_bars(-1); }},
      {"warmup_bars", [](v1::Registration& r) { r.set_warmup_bars(5001); }},
      {"parameters",
       [](v1::Registration& r) {
         for (int i = 0; i < 64; ++i) *r.add_parameters() = r.parameters(0);
       }},
      {"parameters[0].name", [](v1::Registration& r) { r.mutable_parameters(0)->set_name("Fast"); }},
      {"parameters[0].name", [](v1::Registration& r) { r.mutable_parameters(0)->set_name("stop_loss_ratio"); }},
      {"parameters[1].name", [](v1::Registration& r) { r.mutable_parameters(1)->set_name("fast"); }},
      {"parameters[0].type", [](v1::Registration& r) { r.mutable_parameters(0)->clear_type(); }},
      {"parameters[0].default_value", [](v1::Registration& r) { r.mutable_parameters(0)->set_default_value("0"); }},
      {"parameters[0].default_value", [](v1::Registration& r) { r.mutable_parameters(0)->set_default_value("1.5"); }},
      {"parameters[1].minimum", [](v1::Registration& r) { r.mutable_parameters(1)->set_minimum("NaN"); }},
      {"parameters[1].minimum", [](v1::Registration& r) { r.mutable_parameters(1)->set_minimum("0.6"); }},
      {"parameters[1].maximum", [](v1::Registration& r) { r.mutable_parameters(1)->set_maximum("1e5"); }},
  };
  for (const Case& one : cases) {
    v1::Registration proto = Proto();
    one.spoil(proto);
    std::vector<Problem> problems;
    (void)ReadRegistration(proto, problems);
    ASSERT_EQ(problems.size(), 1U) << one.field << " " << proto.ShortDebugString();
    EXPECT_EQ(problems[0].field, one.field);
  }
  v1::Registration both = Proto();
  both.set_name("");
  both.set_version("");
  std::vector<Problem> problems;
  (void)ReadRegistration(both, problems);
  EXPECT_EQ(problems.size(), 2U);
}

}  // namespace
}  // namespace ballast::external
