// What a worker that was taken over sends to the daemon, and the other way round. Whatever a
// decoder takes it must be able to write again, and read back as the same.
#include <algorithm>
#include <cstdlib>

#include "coffer/pkcs11/supervisor_protocol.h"

namespace {

using namespace coffer;
using namespace coffer::pkcs11;

Bytes joined(const Parts& parts) {
  Bytes packet;
  for (const ByteView part : parts.all()) packet.insert(packet.end(), part.begin(), part.end());
  return packet;
}

template <typename Request>
void write_again(const Result<Request>& request, ByteView input) {
  if (!request.ok()) return;
  const Result<Parts> parts = encode(*request);
  if (!parts.ok() || !std::ranges::equal(joined(*parts), input)) std::abort();
}

void read_reply(ByteView input) {
  const Result<Reply> reply = decode_reply(input);
  if (!reply.ok()) return;
  if (reply->error) {
    const std::string all = reply->error->text + reply->error->cause;
    if (all.find('\n') != std::string::npos) std::abort();
    return;
  }
  if (const auto info = decode_info(reply->body); info.ok()) {
    if (!std::ranges::equal(encode_info(*info), reply->body)) std::abort();
  }
  if (const auto kek = decode_kek(reply->body); kek.ok()) {
    if (!std::ranges::equal(encode_kek(*kek), reply->body)) std::abort();
  }
  if (const auto value = decode_data(reply->body); value.ok()) {
    if (!std::ranges::equal(encode_data(*value), reply->body)) std::abort();
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const ByteView input(data, size);
  write_again(decode_request(input), input);
  write_again(decode_supervisor_request(input), input);
  read_reply(input);
  return 0;
}
