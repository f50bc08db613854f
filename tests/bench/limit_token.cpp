// limit_token MODULE DIR SECONDS THREADS: how many 32-byte data keys a SoftHSM token unwraps a
// second when PKCS#11 is called directly, one session a thread: C_DecryptInit and C_Decrypt,
// AES-GCM, with a key as the vault's kek is. The token lives in DIR, which is new and empty; no
// other token of this machine is touched. Prints one JSON object.
#include <dlfcn.h>
#include <p11-kit/pkcs11.h>

#include <array>
#include <atomic>
#include <charconv>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "rate.h"

namespace coffer::bench {
namespace {

// Of a token that holds nothing and is thrown away.
constexpr std::string_view kPin = "1234";

std::array<CK_BYTE, 12> iv{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12};
std::array<CK_BYTE, 40> aad{};

CK_BYTE_PTR pin_bytes() { return reinterpret_cast<CK_BYTE_PTR>(const_cast<char*>(kPin.data())); }

[[noreturn]] void die(const char* what, CK_RV rv) {
  std::fprintf(stderr, "limit_token: %s: 0x%lx\n", what, rv);
  std::exit(1);
}

void must(CK_RV rv, const char* what) {
  if (rv != CKR_OK) die(what, rv);
}

/// SoftHSM reads SOFTHSM2_CONF when it is initialised; the directory must exist.
void point_softhsm_at(const std::string& directory) {
  const std::string config = directory + "/softhsm2.conf";
  std::ofstream(config) << "directories.tokendir = " << directory << "\nlog.level = ERROR\n";
  ::setenv("SOFTHSM2_CONF", config.c_str(), 1);
}

CK_FUNCTION_LIST_PTR load(const char* path) {
  void* library = ::dlopen(path, RTLD_NOW | RTLD_LOCAL);
  if (library == nullptr) die("the module can't be loaded", 0);
  auto* get = reinterpret_cast<CK_C_GetFunctionList>(::dlsym(library, "C_GetFunctionList"));
  CK_FUNCTION_LIST_PTR list = nullptr;
  if (get == nullptr) die("the module has no C_GetFunctionList", 0);
  must(get(&list), "C_GetFunctionList");
  CK_C_INITIALIZE_ARGS arguments{};
  arguments.flags = CKF_OS_LOCKING_OK;
  must(list->C_Initialize(&arguments), "C_Initialize");
  return list;
}

CK_SESSION_HANDLE open_session(CK_FUNCTION_LIST_PTR p11, CK_SLOT_ID slot) {
  CK_SESSION_HANDLE session = 0;
  must(p11->C_OpenSession(slot, CKF_SERIAL_SESSION | CKF_RW_SESSION, nullptr, nullptr, &session),
       "C_OpenSession");
  return session;
}

/// Makes the token; gives back its slot, which SoftHSM numbers anew once the token exists.
CK_SLOT_ID make_token(CK_FUNCTION_LIST_PTR p11) {
  std::array<CK_SLOT_ID, 8> slots{};
  CK_ULONG count = slots.size();
  must(p11->C_GetSlotList(CK_TRUE, slots.data(), &count), "C_GetSlotList");
  if (count == 0) die("no slot", 0);
  std::array<CK_UTF8CHAR, 32> label{};
  label.fill(' ');
  label[0] = 'b';
  must(p11->C_InitToken(slots[0], pin_bytes(), kPin.size(), label.data()), "C_InitToken");
  count = slots.size();
  must(p11->C_GetSlotList(CK_TRUE, slots.data(), &count), "C_GetSlotList");
  const CK_SESSION_HANDLE session = open_session(p11, slots[0]);
  must(p11->C_Login(session, CKU_SO, pin_bytes(), kPin.size()), "C_Login");
  must(p11->C_InitPIN(session, pin_bytes(), kPin.size()), "C_InitPIN");
  must(p11->C_Logout(session), "C_Logout");
  must(p11->C_CloseSession(session), "C_CloseSession");
  return slots[0];
}

CK_OBJECT_HANDLE make_key(CK_FUNCTION_LIST_PTR p11, CK_SESSION_HANDLE session) {
  CK_BBOOL yes = CK_TRUE;
  CK_BBOOL no = CK_FALSE;
  CK_ULONG size = 32;
  std::array<CK_ATTRIBUTE, 7> attributes{{{CKA_TOKEN, &yes, sizeof yes},
                                          {CKA_PRIVATE, &yes, sizeof yes},
                                          {CKA_SENSITIVE, &yes, sizeof yes},
                                          {CKA_EXTRACTABLE, &no, sizeof no},
                                          {CKA_ENCRYPT, &yes, sizeof yes},
                                          {CKA_DECRYPT, &yes, sizeof yes},
                                          {CKA_VALUE_LEN, &size, sizeof size}}};
  CK_MECHANISM mechanism{CKM_AES_KEY_GEN, nullptr, 0};
  CK_OBJECT_HANDLE key = 0;
  must(p11->C_GenerateKey(session, &mechanism, attributes.data(), attributes.size(), &key),
       "C_GenerateKey");
  return key;
}

CK_GCM_PARAMS gcm_parameters() {
  CK_GCM_PARAMS parameters{};
  parameters.pIv = iv.data();
  parameters.ulIvLen = iv.size();
  parameters.ulIvBits = iv.size() * 8;
  parameters.pAAD = aad.data();
  parameters.ulAADLen = aad.size();
  parameters.ulTagBits = 128;
  return parameters;
}

using Wrapped = std::array<CK_BYTE, 48>;

Wrapped wrap(CK_FUNCTION_LIST_PTR p11, CK_SESSION_HANDLE session, CK_OBJECT_HANDLE key) {
  CK_GCM_PARAMS parameters = gcm_parameters();
  CK_MECHANISM mechanism{CKM_AES_GCM, &parameters, sizeof parameters};
  std::array<CK_BYTE, 32> data_key{};
  Wrapped wrapped{};
  CK_ULONG size = wrapped.size();
  must(p11->C_EncryptInit(session, &mechanism, key), "C_EncryptInit");
  must(p11->C_Encrypt(session, data_key.data(), data_key.size(), wrapped.data(), &size),
       "C_Encrypt");
  return wrapped;
}

double unwrap_for(CK_FUNCTION_LIST_PTR p11, CK_SESSION_HANDLE session, CK_OBJECT_HANDLE key,
                  Wrapped wrapped, double seconds) {
  CK_GCM_PARAMS parameters = gcm_parameters();
  CK_MECHANISM mechanism{CKM_AES_GCM, &parameters, sizeof parameters};
  std::array<CK_BYTE, 64> out{};
  return rate(seconds, [&] {
    CK_ULONG size = out.size();
    if (p11->C_DecryptInit(session, &mechanism, key) != CKR_OK) return -1;
    const CK_RV rv = p11->C_Decrypt(session, wrapped.data(), wrapped.size(), out.data(), &size);
    return rv == CKR_OK && size == 32 ? 1 : -1;
  });
}

int measure(const char* module, const std::string& directory, double seconds,
            std::size_t thread_count) {
  point_softhsm_at(directory);
  CK_FUNCTION_LIST_PTR p11 = load(module);
  const CK_SLOT_ID slot = make_token(p11);
  const CK_SESSION_HANDLE keeper = open_session(p11, slot);
  must(p11->C_Login(keeper, CKU_USER, pin_bytes(), kPin.size()), "C_Login");
  const CK_OBJECT_HANDLE key = make_key(p11, keeper);
  const Wrapped wrapped = wrap(p11, keeper, key);

  std::vector<double> rates(thread_count);
  std::vector<std::thread> threads;
  for (std::size_t i = 0; i < thread_count; ++i) {
    threads.emplace_back(
        [&, i] { rates[i] = unwrap_for(p11, open_session(p11, slot), key, wrapped, seconds); });
  }
  double sum = 0;
  for (std::size_t i = 0; i < thread_count; ++i) {
    threads[i].join();
    if (rates[i] < 0) die("C_Decrypt failed in a thread", 0);
    sum += rates[i];
  }
  p11->C_Finalize(nullptr);
  std::printf("{\"threads\": %zu, \"unwraps_per_second\": %.1f}\n", thread_count, sum);
  return 0;
}

template <typename Number>
std::optional<Number> parse(const char* text) {
  Number value{};
  const char* end = text + std::strlen(text);
  const auto result = std::from_chars(text, end, value);
  if (result.ec != std::errc{} || result.ptr != end || !(value > 0)) return std::nullopt;
  return value;
}

int run(int argc, char** argv) {
  if (argc == 5) {
    const auto seconds = parse<double>(argv[3]);
    const auto threads = parse<std::size_t>(argv[4]);
    if (seconds && threads) return measure(argv[1], argv[2], *seconds, *threads);
  }
  std::fprintf(stderr, "usage: limit_token MODULE DIR SECONDS THREADS\n");
  return 2;
}

}  // namespace
}  // namespace coffer::bench

int main(int argc, char** argv) { return coffer::bench::run(argc, argv); }
