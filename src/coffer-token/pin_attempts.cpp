#include "pin_attempts.h"

#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "coffer/base/codec.h"
#include "coffer/crypto/random.h"

namespace coffer::token_process {
namespace {

constexpr std::uint32_t kMagic = 0x43465041;  // "CFPA"
constexpr std::uint8_t kFormat = 1;
constexpr std::size_t kRecordSize = 4 + 1 + 1 + 3 + 16 + 32 + 32 + 32;
/// Two a PIN: more wrong PINs than any token bears.
constexpr std::size_t kMostRecords = 64;

Error failed(std::string_view call) {
  return make_error(ErrorCode::unavailable,
                    "the record of PIN attempts can't be kept: no PIN is tried",
                    std::string(call) + ": " + std::strerror(errno));
}

template <std::size_t size>
Result<std::array<std::uint8_t, size>> read_array(Reader& reader) {
  COFFER_TRY(const ByteView bytes, reader.raw(size));
  std::array<std::uint8_t, size> out{};
  std::copy(bytes.begin(), bytes.end(), out.begin());
  return out;
}

bool same(const SecureBytes& a, const SecureBytes& b) {
  const Reveal why{"whether this is the PIN whose mark is known already"};
  return crypto::equal_constant_time(a.expose(why), b.expose(why));
}

}  // namespace

Result<PinAttempts> PinAttempts::over(pkcs11::FileDescriptor file) {
  PinAttempts attempts(std::move(file));
  COFFER_TRY([[maybe_unused]] const auto records, attempts.read());
  return attempts;
}

Result<PinAttempts> PinAttempts::in_memory() {
  pkcs11::FileDescriptor file(::memfd_create("pin-attempts", MFD_CLOEXEC));
  if (!file.open()) return failed("memfd_create");
  return PinAttempts(std::move(file));
}

Bytes PinAttempts::encode_body(const Record& record) {
  Writer writer;
  writer.u32(kMagic).u8(kFormat).u8(static_cast<std::uint8_t>(record.state));
  writer.u8(record.cost.log2_n).u8(record.cost.r).u8(record.cost.p);
  writer.raw(record.salt).raw(record.token).raw(record.mark);
  return std::move(writer).take();
}

Result<Bytes> PinAttempts::encode(const Record& record) {
  Bytes bytes = encode_body(record);
  COFFER_TRY(const crypto::Sha256 check, crypto::sha256(bytes));
  bytes.insert(bytes.end(), check.begin(), check.end());
  return bytes;
}

Result<PinAttempts::Record> PinAttempts::decode(ByteView bytes) {
  COFFER_TRY(const crypto::Sha256 check, crypto::sha256(bytes.first(kRecordSize - 32)));
  if (!std::equal(check.begin(), check.end(), bytes.last(32).begin())) {
    return make_error(ErrorCode::corrupt, "a record of PIN attempts was cut short");
  }
  Reader reader(bytes);
  COFFER_TRY(const std::uint32_t magic, reader.u32());
  COFFER_TRY(const std::uint8_t format, reader.u8());
  COFFER_TRY(const std::uint8_t state, reader.u8());
  if (magic != kMagic || format != kFormat || state < 1 || state > 2) {
    return make_error(ErrorCode::corrupt, "a record of PIN attempts is of another format");
  }
  Record record;
  record.state = static_cast<State>(state);
  COFFER_TRY(record.cost.log2_n, reader.u8());
  COFFER_TRY(record.cost.r, reader.u8());
  COFFER_TRY(record.cost.p, reader.u8());
  COFFER_TRY(record.salt, read_array<16>(reader));
  COFFER_TRY(record.token, read_array<32>(reader));
  COFFER_TRY(record.mark, read_array<32>(reader));
  return record;
}

/// What can't be read ends the list: it was being written when the power went, and so the attempt
/// that it announces was never made.
Result<std::vector<PinAttempts::Record>> PinAttempts::read() const {
  Bytes all(kMostRecords * kRecordSize);
  const ssize_t size = ::pread(file_.get(), all.data(), all.size(), 0);
  if (size < 0) return failed("pread");
  ByteView rest = ByteView(all).first(static_cast<std::size_t>(size));
  std::vector<Record> records;
  while (rest.size() >= kRecordSize) {
    const Result<Record> record = decode(rest.first(kRecordSize));
    if (!record.ok()) break;
    records.push_back(*record);
    rest = rest.subspan(kRecordSize);
  }
  return records;
}

/// All from the one numbered `from` on: those before it are on disk already and stay untouched.
Result<void> PinAttempts::write(const std::vector<Record>& records, std::size_t from) const {
  Bytes out;
  for (std::size_t i = from; i < records.size(); ++i) {
    COFFER_TRY(const Bytes bytes, encode(records[i]));
    out.insert(out.end(), bytes.begin(), bytes.end());
  }
  const auto start = static_cast<off_t>(from * kRecordSize);
  if (::ftruncate(file_.get(), start) != 0) return failed("ftruncate");
  if (::pwrite(file_.get(), out.data(), out.size(), start) != static_cast<ssize_t>(out.size())) {
    return failed("pwrite");
  }
  if (::fsync(file_.get()) != 0) return failed("fsync");
  return {};
}

Result<void> PinAttempts::take_mark(const Salt& salt, const crypto::ScryptCost& cost,
                                    const SecureBytes& pin) {
  if (!pin_.empty() && same(pin_, pin) && current_.salt == salt) return {};
  const ByteView digits = pin.expose(Reveal{"a PIN is known again by its scrypt hash"});
  COFFER_TRY(current_.mark, crypto::scrypt(digits, salt, cost));
  current_.salt = salt;
  current_.cost = cost;
  COFFER_TRY(pin_, pin.clone());
  return {};
}

Result<PinAttempts::Verdict> PinAttempts::look_up(const crypto::Sha256& token,
                                                  const SecureBytes& pin) {
  COFFER_TRY(const std::vector<Record> records, read());
  Salt salt = current_.salt;
  if (pin_.empty()) {
    COFFER_CHECK(crypto::random_fill(salt));
  }
  crypto::ScryptCost cost{};
  if (!records.empty()) {
    // One salt a file, so that one slow hash tells a PIN from all in it.
    salt = records.front().salt;
    cost = records.front().cost;
  }
  COFFER_CHECK(take_mark(salt, cost, pin));
  current_.token = token;
  if (records.size() + 2 > kMostRecords) return Verdict::refused;
  Verdict verdict = Verdict::untried;
  for (const Record& record : records) {
    if (record.token != token || !crypto::equal_constant_time(record.mark, current_.mark)) continue;
    if (record.state == State::refused) return Verdict::refused;
    verdict = Verdict::unfinished;
  }
  return verdict;
}

Result<void> PinAttempts::append(State state) const {
  COFFER_TRY(std::vector<Record> records, read());
  const std::size_t before = records.size();
  records.push_back(current_);
  records.back().state = state;
  return write(records, before);
}

Result<void> PinAttempts::begin() { return append(State::begun); }
Result<void> PinAttempts::refuse() { return append(State::refused); }

Result<void> PinAttempts::remove(const std::function<bool(const Record&)>& unwanted) const {
  COFFER_TRY(std::vector<Record> records, read());
  if (std::erase_if(records, unwanted) == 0) return {};
  return write(records, 0);
}

Result<void> PinAttempts::withdraw() {
  return remove([this](const Record& each) {
    return each.state == State::begun && each.token == current_.token && each.mark == current_.mark;
  });
}

Result<void> PinAttempts::clear() {
  return remove([this](const Record& each) { return each.token == current_.token; });
}

}  // namespace coffer::token_process
