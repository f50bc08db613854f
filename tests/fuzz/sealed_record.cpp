// Sealed records as an attacker with the disk would write them: parsed, authenticated, opened. Only
// the untouched one may open.
#include <cstdlib>

#include "coffer/envelope/sealed_store.h"
#include "src/envelope/record.h"

namespace {

using namespace coffer;
using namespace coffer::envelope;

const Bytes kBind(32, 1);
const Bytes kDataKey(kDataKeySize, 2);
const SecretContext kSecret{.mount = Uuid{{3}}, .path = "app/db", .version = 1};
constexpr std::string_view kValue = R"({"password":"canary"})";

const std::string& genuine() {
  static const std::string record = [] {
    const FreshRecord fresh{.id = Uuid{{4}}};
    const Bytes wrapped(kWrappedKeySize, 6);
    const Recipient recipients[] = {{.token = Uuid{{5}},
                                     .kek_version = 1,
                                     .algorithm = pkcs11::kWrapAesGcm,
                                     .wrapped = wrapped}};
    return *seal_record(fresh, Uuid{{7}}, {1, kBind, kDataKey}, recipients, kSecret, kValue);
  }();
  return record;
}

}  // namespace

/// The input is taken twice: as a record, and as changes (position, value) to a genuine one.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string changed = genuine();
  for (std::size_t i = 0; i + 2 < size; i += 3) {
    const std::size_t at = (data[i] * 256U + data[i + 1]) % changed.size();
    changed[at] = static_cast<char>(static_cast<std::uint8_t>(changed[at]) ^ data[i + 2]);
  }
  const std::string plain(reinterpret_cast<const char*>(data), size);
  const std::string* const inputs[] = {&plain, &changed};
  for (const std::string* bytes : inputs) {
    const auto record = parse_record(as_bytes(*bytes));
    if (!record.ok() || !authenticate(*record, kBind).ok()) continue;
    const auto value = open_record(*record, kBind, kDataKey, kSecret);
    if (value.ok() && *bytes != genuine()) std::abort();
  }
  return 0;
}
