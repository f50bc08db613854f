#include "reload.h"

#include <boost/asio/post.hpp>
#include <new>

#include "coffer/base/log.h"
#include "coffer/base/thread.h"
#include "config_changes.h"

namespace coffer::daemon {
namespace {

constexpr std::size_t kMaxDetail = 4096;

/// The record has room for what matters; all of it is in the log.
std::string bounded(std::string text) {
  if (text.size() > kMaxDetail) text = text.substr(0, kMaxDetail) + " …";
  return text;
}

}  // namespace

Reload::Reload(boost::asio::io_context& context, Config started, std::function<LoadedConfig()> load,
               ReloadTarget target)
    : context_(context),
      started_(std::move(started)),
      current_(started_),
      load_(std::move(load)),
      target_(std::move(target)) {}

Reload::~Reload() {
  if (thread_.joinable()) thread_.join();
}

void Reload::request() {
  if (busy_) {
    again_ = true;
    return;
  }
  busy_ = true;
  if (thread_.joinable()) thread_.join();
  auto started = start_thread([this] {
    LoadedConfig result;
    try {
      result = load_();
    } catch (const std::bad_alloc&) {
      result.problems = {"out of memory"};
    }
    boost::asio::post(context_, [this, result = std::move(result)] { loaded(result); });
  });
  if (started.ok()) {
    thread_ = *std::move(started);
  } else {
    busy_ = false;
    reject({started.error().text});
  }
}

void Reload::loaded(const LoadedConfig& loaded) {
  if (loaded.problems.empty()) {
    take(loaded.config);
  } else {
    reject(loaded.problems);
  }
  busy_ = false;
  if (std::exchange(again_, false)) request();
}

void Reload::take(const Config& next) {
  const ConfigChanges changes = compare_configs(started_, current_, next);
  if (const auto applied = target_.apply(next); !applied.ok()) {
    log::error(applied.error());
    return reject({applied.error().text});
  }
  target_.adopt(next);
  current_ = next;
  const std::string text = describe(changes);
  log::info("configuration read again: " + text);
  target_.record("config_reloaded", bounded(text));
}

void Reload::reject(const std::vector<std::string>& problems) {
  std::string text;
  for (const std::string& problem : problems) {
    log::error(problem);
    text += (text.empty() ? "" : "; ") + problem;
  }
  log::error("the new configuration isn't used: the old one stays");
  target_.record("config_rejected", bounded(text));
}

}  // namespace coffer::daemon
