// The daemon's own listener and connections, answering every message with the same 300 bytes of
// JSON on the I/O thread: what the socket and HTTP cost, with no vault behind them.
#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>
#include <csignal>
#include <cstdio>

#include "src/daemon/listeners.h"

namespace {

using namespace coffer;

constexpr std::size_t kBodySize = 300;

class Echo final : public daemon::Dispatcher {
 public:
  void dispatch(std::unique_ptr<daemon::Exchange> exchange) override {
    exchange->answer = daemon::http_answer(200, body_, false, false);
    const auto connection = exchange->connection;
    connection->write(std::move(exchange));
  }

 private:
  const std::string body_ = R"({"data":")" + std::string(kBodySize - 11, 'x') + R"("})";
};

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) {
    std::fprintf(stderr, "usage: coffer-echo SOCKET\n");
    return 64;
  }
  boost::asio::io_context context{1};
  Echo echo;
  daemon::Listeners listeners(context, echo);
  if (const auto opened = listeners.open({.listeners = {{.path = argv[1]}}}); !opened.ok()) {
    std::fprintf(stderr, "%s\n", describe(opened.error()).c_str());
    return 1;
  }
  boost::asio::signal_set signals(context, SIGTERM, SIGINT);
  signals.async_wait([&](const boost::system::error_code&, int) { context.stop(); });
  context.run();
  listeners.close_all();
  return 0;
}
