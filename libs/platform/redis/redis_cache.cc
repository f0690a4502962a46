#include "libs/platform/redis/redis_cache.h"

#include <hiredis/hiredis.h>

#include <atomic>
#include <thread>
#include <vector>

#include "libs/platform/thread/bounded_queue.h"

namespace ballast {
namespace {

constexpr std::size_t kQueueMax = 20'000;
constexpr std::int64_t kCheckPeriodNs = 1'000'000'000;

struct ContextDeleter {
  void operator()(redisContext* context) const { redisFree(context); }
};
struct ReplyDeleter {
  void operator()(redisReply* reply) const { freeReplyObject(reply); }
};
using Command = std::vector<std::string>;

}  // namespace

struct RedisCache::State {
  Options options;
  std::function<void()> rebuild;
  BoundedQueue<Command> queue{kQueueMax};
  std::atomic<std::uint64_t> dropped{0};
  std::thread thread;
  std::unique_ptr<redisContext, ContextDeleter> context;
  // What was queued while there was no connection is gone: a new one starts with a rebuild.
  bool rebuild_due = true;

  void Push(Command command) {
    if (options.address.empty()) return;
    if (!queue.TryPush(std::move(command))) ++dropped;
  }

  bool Run(const Command& command) {
    if (!context) return false;
    std::vector<const char*> words;
    std::vector<std::size_t> lengths;
    for (const std::string& word : command) {
      words.push_back(word.data());
      lengths.push_back(word.size());
    }
    std::unique_ptr<redisReply, ReplyDeleter> reply(static_cast<redisReply*>(
        redisCommandArgv(context.get(), static_cast<int>(words.size()), words.data(), lengths.data())));
    if (!reply) context.reset();
    return reply && reply->type != REDIS_REPLY_ERROR &&
           !(reply->type == REDIS_REPLY_INTEGER && reply->integer == 0 && command[0] == "EXISTS");
  }

  bool Connect() {
    std::size_t colon = options.address.rfind(':');
    if (colon == std::string::npos) return false;
    timeval timeout{1, 0};
    context.reset(redisConnectWithTimeout(options.address.substr(0, colon).c_str(),
                                          std::atoi(options.address.c_str() + colon + 1), timeout));
    if (!context || context->err != 0) {
      context.reset();
      return false;
    }
    redisSetTimeout(context.get(), timeout);
    return options.password.empty() || Run({"AUTH", options.password.Reveal()});
  }

  void Loop() {
    const std::string marker = "ballast:" + options.name + ":filled";
    while (!queue.closed()) {
      if (!context && !Connect()) {
        context.reset();
        rebuild_due = true;
        (void)queue.PopBatch(kQueueMax, 0);  // what is dropped here is written again by the rebuild
        (void)queue.PopBatch(1, kCheckPeriodNs);
        continue;
      }
      bool emptied = !Run({"EXISTS", marker});
      if (!context) {
        rebuild_due = true;
        continue;
      }
      if (emptied || rebuild_due) {
        if (rebuild) rebuild();
        rebuild_due = !Run({"SET", marker, "1"});
      }
      for (const Command& command : queue.PopBatch(1000, kCheckPeriodNs)) Run(command);
    }
  }
};

RedisCache::RedisCache(Options options) : state_(std::make_unique<State>()) { state_->options = std::move(options); }
RedisCache::~RedisCache() { Stop(); }

void RedisCache::SetRebuild(std::function<void()> rebuild) { state_->rebuild = std::move(rebuild); }
void RedisCache::Start() {
  if (state_->options.address.empty()) return;
  state_->thread = std::thread([this] { state_->Loop(); });
}
void RedisCache::Stop() {
  state_->queue.Close();
  if (state_->thread.joinable()) state_->thread.join();
}
void RedisCache::Set(const std::string& key, const std::string& value) { state_->Push({"SET", key, value}); }
void RedisCache::HashSet(const std::string& key, const std::string& field, const std::string& value) {
  state_->Push({"HSET", key, field, value});
}
void RedisCache::Delete(const std::string& key) { state_->Push({"DEL", key}); }
std::uint64_t RedisCache::dropped() const { return state_->dropped; }

}  // namespace ballast
