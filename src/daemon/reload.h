// SIGHUP: the configuration is read again, whole, on a thread of its own, and applied on the I/O
// thread, whole or not at all.
#pragma once

#include <boost/asio/io_context.hpp>
#include <functional>
#include <thread>

#include "config_file.h"

namespace coffer::daemon {

/// What a reload reaches. All run on the I/O thread.
struct ReloadTarget {
  std::function<Result<void>(const Config&)>
      apply;                                 ///< the sockets: may fail, then nothing changed
  std::function<void(const Config&)> adopt;  ///< the rest: can't fail
  std::function<void(std::string_view event, const std::string& detail)> record;
};

class Reload final {
 public:
  /// `load` reads and checks all that a start would; it runs on another thread.
  Reload(boost::asio::io_context& context, Config started, std::function<LoadedConfig()> load,
         ReloadTarget target);
  ~Reload();
  Reload(const Reload&) = delete;
  Reload& operator=(const Reload&) = delete;

  /// On the I/O thread. One that comes while another is under way follows it.
  void request();

 private:
  void loaded(const LoadedConfig& loaded);
  void take(const Config& next);
  void reject(const std::vector<std::string>& problems);

  boost::asio::io_context& context_;
  const Config started_;
  Config current_;
  const std::function<LoadedConfig()> load_;
  const ReloadTarget target_;
  std::thread thread_;
  bool busy_ = false;
  bool again_ = false;
};

}  // namespace coffer::daemon
