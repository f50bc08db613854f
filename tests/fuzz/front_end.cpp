// An HTTP message through the whole front end: reader, head check, Beast, face, pipeline, engine, a
// vault in memory, and the answer. The first byte says where the message is split: the split must
// not change what it means.
#include "src/daemon/front_end.h"

#include <algorithm>
#include <cstdlib>

#include "fakes/test_vault.h"
#include "src/daemon/connection.h"
#include "src/daemon/http_reader.h"

namespace {

using namespace coffer;

fakes::TestVault& vault() {
  static fakes::TestVault instance;
  return instance;
}

/// The token isn't known to the corpus: this stands for it.
std::string with_token(std::string message) {
  constexpr std::string_view kPlace = "hvs.ROOT";
  if (const auto at = message.find(kPlace); at != std::string::npos) {
    message.replace(at, kPlace.size(), vault().root);
  }
  return message;
}

struct Read {
  bool refused = false;
  std::optional<daemon::HttpRequest> request;
};

Read read(std::string_view bytes, std::size_t split) {
  daemon::HttpReader reader;
  std::size_t at = 0;
  while (at < bytes.size()) {
    const MutableByteView space = reader.space();
    const std::size_t until = at < split ? std::min(split, bytes.size()) : bytes.size();
    const std::size_t size = std::min(space.size(), until - at);
    std::copy_n(bytes.begin() + static_cast<std::ptrdiff_t>(at), size, space.begin());
    at += size;
    const auto state = reader.received(size);
    if (!state.ok()) return {true, std::nullopt};
  }
  if (reader.state() != daemon::HttpReader::State::done) return {};
  return {false, reader.take()};
}

void demand(bool holds) {
  if (!holds) std::abort();
}

void run(daemon::HttpRequest request) {
  daemon::Exchange exchange(nullptr, vault().peer, std::move(request));
  auto staged = daemon::serve(exchange, *vault().pipeline, system_clock());
  demand(exchange.answer.starts_with("HTTP/1.1 "));
  if (!staged || staged->writes.empty()) return;
  const store::Transaction all[] = {std::move(staged->writes)};
  demand(vault().store->commit(all).ok());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string message =
      with_token(std::string(reinterpret_cast<const char*>(data) + 1, size - 1));
  Read whole = read(message, message.size());
  const Read split = read(message, data[0] * message.size() / 256);
  demand(whole.refused == split.refused);
  demand(whole.request.has_value() == split.request.has_value());
  if (!whole.request) return 0;
  demand(whole.request->body() == split.request->body());
  demand(whole.request->target() == split.request->target());
  run(*std::move(whole.request));
  return 0;
}
