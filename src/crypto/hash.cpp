#include "hash.h"

#include <algorithm>
#include <array>

#include "openssl.h"

namespace coffer::crypto {
namespace {

constexpr std::size_t kLargestBlock = 128;
constexpr std::size_t kLargestDigest = kSha512Size;

/// Fetching an algorithm costs more than a short digest, so each thread keeps both.
struct DigestTools {
  DigestPtr algorithm;
  DigestContextPtr context;
};

Result<DigestTools*> tools_of(Hash hash) {
  thread_local std::array<DigestTools, 2> all;
  DigestTools& tools = all[hash == Hash::sha256 ? 0 : 1];
  if (tools.context != nullptr) return &tools;
  DigestTools made{DigestPtr(EVP_MD_fetch(nullptr, hash == Hash::sha256 ? "SHA256" : "SHA512", "")),
                   DigestContextPtr(EVP_MD_CTX_new())};
  if (made.algorithm == nullptr) return openssl_error("EVP_MD_fetch");
  if (made.context == nullptr) return openssl_error("EVP_MD_CTX_new");
  tools = std::move(made);
  return &tools;
}

Result<void> run(const DigestTools& tools, ByteView first, std::initializer_list<ByteView> parts,
                 std::uint8_t* out) {
  EVP_MD_CTX* context = tools.context.get();
  if (EVP_DigestInit_ex2(context, tools.algorithm.get(), nullptr) != 1) {
    return openssl_error("EVP_DigestInit_ex2");
  }
  if (EVP_DigestUpdate(context, first.data(), first.size()) != 1) {
    return openssl_error("EVP_DigestUpdate");
  }
  for (const ByteView part : parts) {
    if (EVP_DigestUpdate(context, part.data(), part.size()) != 1) {
      return openssl_error("EVP_DigestUpdate");
    }
  }
  if (EVP_DigestFinal_ex(context, out, nullptr) != 1) return openssl_error("EVP_DigestFinal_ex");
  return {};
}

struct Sizes {
  std::size_t block;
  std::size_t digest;
};

constexpr Sizes sizes_of(Hash hash) {
  return hash == Hash::sha256 ? Sizes{64, kSha256Size} : Sizes{kLargestBlock, kSha512Size};
}

/// Wiped when it goes, on every way out.
template <std::size_t Size>
struct WipedArray {
  std::array<std::uint8_t, Size> bytes{};
  WipedArray() = default;
  ~WipedArray() { wipe(bytes); }
  WipedArray(const WipedArray&) = delete;
  WipedArray& operator=(const WipedArray&) = delete;
};

}  // namespace

Result<void> digest(Hash hash, std::initializer_list<ByteView> parts, MutableByteView out) {
  COFFER_TRY(const DigestTools* tools, tools_of(hash));
  return run(*tools, {}, parts, out.data());
}

// FIPS 198-1 section 4, over the plain digest: EVP_MAC takes half as long again and keeps the key
// in its context, outside of locked memory, until the next one is set. Here the key stands only in
// `pad`; the kept digest context ends with the (public) result.
Result<void> hmac(Hash hash, ByteView key, std::initializer_list<ByteView> parts,
                  MutableByteView out) {
  COFFER_TRY(const DigestTools* tools, tools_of(hash));
  const Sizes sizes = sizes_of(hash);
  WipedArray<kLargestBlock> pad;
  const MutableByteView block = MutableByteView(pad.bytes).first(sizes.block);
  if (key.size() > sizes.block) {
    COFFER_CHECK(run(*tools, key, {}, block.data()));
  } else {
    std::copy(key.begin(), key.end(), block.begin());
  }
  WipedArray<kLargestDigest> inner;
  for (std::uint8_t& byte : block) byte ^= 0x36U;
  COFFER_CHECK(run(*tools, block, parts, inner.bytes.data()));
  for (std::uint8_t& byte : block) byte ^= 0x36U ^ 0x5CU;
  return run(*tools, block, {ByteView(inner.bytes).first(sizes.digest)}, out.data());
}

}  // namespace coffer::crypto
