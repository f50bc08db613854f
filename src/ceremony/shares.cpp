#include "shares.h"

extern "C" {  // the header doesn't say so itself
#include <libgfshare.h>
}

#include <algorithm>
#include <array>
#include <bit>
#include <memory>
#include <set>

#include "coffer/base/codec.h"
#include "coffer/crypto/digest.h"
#include "coffer/crypto/random.h"

namespace coffer::ceremony {
namespace {

constexpr std::uint8_t kFormat = 1;
constexpr std::size_t kKeySize = 32;
constexpr std::size_t kTagSize = 32;
constexpr std::size_t kSumSize = 4;
constexpr std::size_t kHeadSize = 4 + kTagSize;  // format, needed, total, number, tag
constexpr std::size_t kGroup = 4;                // digits, with a blank between
constexpr std::string_view kLabel = "coffer ceremony share 1";
constexpr Reveal kWhy{"a secret is split into shares, or put together"};

struct FreeShares {
  void operator()(gfshare_ctx* context) const noexcept { ::gfshare_ctx_free(context); }
};
using SharesPtr = std::unique_ptr<gfshare_ctx, FreeShares>;

/// The library's own is random(3).
void fill(unsigned char* buffer, unsigned int count) {
  const auto bytes = crypto::random_secret(count);
  // There is no way to say so: coefficients that can be guessed would give the secret away.
  if (!bytes.ok()) std::abort();
  const ByteView drawn = bytes->expose(kWhy);
  std::copy(drawn.begin(), drawn.end(), buffer);
}

/// Before anything else: the library also fills with it what it frees.
void use_our_random() noexcept { ::gfshare_fill_rand = fill; }

Error wrong(std::string_view what) { return make_error(ErrorCode::invalid_argument, what); }

/// Over the secret, by a key that is shared with it: so it tells nothing to whoever has too few.
Result<crypto::Sha256> tag_of(ByteView payload, std::uint8_t needed, std::uint8_t total) {
  const std::array<std::uint8_t, 2> counts = {needed, total};
  return crypto::hmac_sha256(payload.first(kKeySize),
                             {as_bytes(kLabel), counts, payload.subspan(kKeySize)});
}

/// Hexadecimal, with a checksum, so that what was written down wrongly is told from what is wrong.
Result<SecureBytes> to_text(ByteView bytes) {
  COFFER_TRY(const crypto::Sha256 sum, crypto::sha256(bytes));
  constexpr std::string_view kDigits = "0123456789abcdef";
  const std::size_t digits = 2 * (bytes.size() + kSumSize);
  COFFER_TRY(SecureBytes text, SecureBytes::allocate(digits + (digits - 1) / kGroup));
  const MutableByteView out = text.expose_mutable(kWhy);
  std::size_t at = 0;
  const auto put = [&](ByteView part) {
    for (const std::uint8_t byte : part) {
      // A group is whole bytes.
      if (at % (kGroup + 1) == kGroup) out[at++] = ' ';
      out[at++] = static_cast<std::uint8_t>(kDigits[byte >> 4U]);
      out[at++] = static_cast<std::uint8_t>(kDigits[byte & 15U]);
    }
  };
  put(bytes);
  put(ByteView(sum).first(kSumSize));
  return text;
}

int digit(std::uint8_t c) noexcept {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

/// Blanks and dashes are for people.
Result<SecureBytes> from_text(ByteView text) {
  COFFER_TRY(SecureBytes bytes, SecureBytes::allocate(text.size() / 2 + 1));
  const MutableByteView out = bytes.expose_mutable(kWhy);
  std::size_t digits = 0;
  for (const std::uint8_t c : text) {
    if (c == ' ' || c == '-') continue;
    const int value = digit(c);
    if (value < 0) return wrong("a share has a character that isn't a hexadecimal digit");
    std::uint8_t& byte = out[digits / 2];
    byte = static_cast<std::uint8_t>((static_cast<unsigned>(byte) << 4U) |
                                     static_cast<unsigned>(value));
    ++digits;
  }
  if (digits % 2 != 0 || digits / 2 <= kHeadSize + kKeySize + kSumSize) {
    return wrong("a share isn't as long as one is");
  }
  bytes.shrink(digits / 2);
  const ByteView all = bytes.expose(kWhy);
  COFFER_TRY(const crypto::Sha256 sum, crypto::sha256(all.first(all.size() - kSumSize)));
  if (!std::equal(all.end() - kSumSize, all.end(), sum.begin())) {
    return wrong("a share's checksum is wrong: it was written down or typed in wrongly");
  }
  bytes.shrink(all.size() - kSumSize);
  const std::uint8_t format = bytes.expose(kWhy)[0];
  if (format != kFormat) return wrong("a share has a format that isn't known");
  return bytes;
}

/// Interpolates; whether it is the secret, the tag tells.
Result<SecureBytes> interpolate(const std::vector<ByteView>& shares) {
  use_our_random();
  const std::size_t size = shares.front().size() - kHeadSize;
  std::vector<unsigned char> numbers;
  numbers.reserve(shares.size());
  for (const ByteView share : shares) numbers.push_back(share[3]);
  const SharesPtr context(::gfshare_ctx_init_dec(
      numbers.data(), static_cast<unsigned>(numbers.size()), static_cast<unsigned>(size)));
  if (context == nullptr) return make_error(ErrorCode::resource_exhausted, "no memory for shares");
  for (std::size_t i = 0; i < shares.size(); ++i) {
    COFFER_TRY(SecureBytes copy, SecureBytes::copy_of(shares[i].subspan(kHeadSize)));
    ::gfshare_ctx_dec_giveshare(context.get(), static_cast<unsigned char>(i),
                                copy.expose_mutable(kWhy).data());
  }
  COFFER_TRY(SecureBytes payload, SecureBytes::allocate(size));
  ::gfshare_ctx_dec_extract(context.get(), payload.expose_mutable(kWhy).data());
  return payload;
}

Result<SecureBytes> combine(const std::vector<ByteView>& shares) {
  COFFER_TRY(const SecureBytes payload, interpolate(shares));
  const ByteView first = shares.front();
  COFFER_TRY(const crypto::Sha256 tag, tag_of(payload.expose(kWhy), first[1], first[2]));
  if (!crypto::equal_constant_time(tag, first.subspan(4, kTagSize))) {
    return wrong("the shares don't give the secret that they say they are of");
  }
  return SecureBytes::copy_of(payload.expose(kWhy).subspan(kKeySize));
}

/// The shares as bytes.
Result<std::vector<SecureBytes>> split(const SecureBytes& payload, ShareCount count) {
  use_our_random();
  std::vector<unsigned char> numbers(count.total);
  for (std::size_t i = 0; i < numbers.size(); ++i) numbers[i] = static_cast<unsigned char>(i + 1);
  const auto needed = static_cast<std::uint8_t>(count.needed);
  const auto total = static_cast<std::uint8_t>(count.total);
  const SharesPtr context(::gfshare_ctx_init_enc(numbers.data(), count.total, needed,
                                                 static_cast<unsigned>(payload.size())));
  if (context == nullptr) return make_error(ErrorCode::resource_exhausted, "no memory for shares");
  COFFER_TRY(SecureBytes copy, payload.clone());
  ::gfshare_ctx_enc_setsecret(context.get(), copy.expose_mutable(kWhy).data());
  COFFER_TRY(const crypto::Sha256 tag, tag_of(payload.expose(kWhy), needed, total));
  std::vector<SecureBytes> shares;
  for (std::size_t i = 0; i < numbers.size(); ++i) {
    COFFER_TRY(SecureBytes share, SecureBytes::allocate(kHeadSize + payload.size()));
    const MutableByteView out = share.expose_mutable(kWhy);
    const std::array<std::uint8_t, 4> head = {kFormat, needed, total, numbers[i]};
    std::copy(head.begin(), head.end(), out.begin());
    std::copy(tag.begin(), tag.end(), out.begin() + head.size());
    ::gfshare_ctx_enc_getshare(context.get(), static_cast<unsigned char>(i),
                               out.subspan(kHeadSize).data());
    shares.push_back(std::move(share));
  }
  return shares;
}

/// Whether each set of that many gives the secret.
Result<void> try_every_subset(const std::vector<ByteView>& shares, std::uint32_t needed,
                              const SecureBytes& secret) {
  for (std::uint32_t set = 0; set < (1U << shares.size()); ++set) {
    if (static_cast<std::uint32_t>(std::popcount(set)) != needed) continue;
    std::vector<ByteView> chosen;
    for (std::size_t i = 0; i < shares.size(); ++i) {
      if ((set >> i & 1U) != 0) chosen.push_back(shares[i]);
    }
    COFFER_TRY(const SecureBytes back, combine(chosen));
    if (!crypto::equal_constant_time(back.expose(kWhy), secret.expose(kWhy))) {
      return make_error(ErrorCode::internal, "shares of one tag don't give one secret");
    }
  }
  return {};
}

std::vector<ByteView> views_of(const std::vector<SecureBytes>& shares) {
  std::vector<ByteView> views;
  views.reserve(shares.size());
  for (const SecureBytes& share : shares) views.push_back(share.expose(kWhy));
  return views;
}

Result<void> belong_together(const std::vector<ByteView>& shares) {
  std::set<std::uint8_t> numbers;
  for (const ByteView share : shares) {
    const ByteView first = shares.front();
    // All but its number, and its tag.
    if (share.size() != first.size() ||
        !std::equal(share.begin(), share.begin() + 3, first.begin()) ||
        !std::equal(share.begin() + 4, share.begin() + kHeadSize, first.begin() + 4)) {
      return wrong("the shares aren't of one secret");
    }
    if (share[3] == 0 || !numbers.insert(share[3]).second) return wrong("a share is there twice");
  }
  if (shares.size() < shares.front()[1]) return wrong("there are too few shares");
  return {};
}

}  // namespace

Result<std::vector<SecureBytes>> split_secret(const SecureBytes& secret, ShareCount count) {
  if (count.needed < 2 || count.total < count.needed || count.total > 16 || secret.empty() ||
      secret.size() > 64) {
    return wrong("shares need 2 <= needed <= total <= 16, and a secret of 1 to 64 bytes");
  }
  COFFER_TRY(const SecureBytes key, crypto::random_secret(kKeySize));
  COFFER_TRY(SecureBytes payload, SecureBytes::allocate(kKeySize + secret.size()));
  const MutableByteView out = payload.expose_mutable(kWhy);
  std::copy_n(key.expose(kWhy).begin(), kKeySize, out.begin());
  std::copy_n(secret.expose(kWhy).begin(), secret.size(), out.begin() + kKeySize);
  COFFER_TRY(const std::vector<SecureBytes> shares, split(payload, count));
  COFFER_CHECK(try_every_subset(views_of(shares), count.needed, secret));
  std::vector<SecureBytes> texts;
  for (const SecureBytes& share : shares) {
    COFFER_TRY(SecureBytes text, to_text(share.expose(kWhy)));
    texts.push_back(std::move(text));
  }
  return texts;
}

Result<SecureBytes> combine_shares(std::span<const SecureBytes> shares) {
  if (shares.empty()) return wrong("there are no shares");
  std::vector<SecureBytes> bytes;
  for (const SecureBytes& text : shares) {
    COFFER_TRY(SecureBytes share, from_text(text.expose(kWhy)));
    bytes.push_back(std::move(share));
  }
  const std::vector<ByteView> views = views_of(bytes);
  COFFER_CHECK(belong_together(views));
  return combine(views);
}

Result<SecureBytes> combine_every_subset(std::span<const SecureBytes> shares,
                                         std::uint32_t needed) {
  std::vector<SecureBytes> bytes;
  for (const SecureBytes& text : shares) {
    auto share = from_text(text.expose(kWhy));
    if (!share.ok()) {
      return wrong("share " + std::to_string(bytes.size() + 1) + ": " + share.error().text);
    }
    bytes.push_back(*std::move(share));
  }
  if (bytes.size() < needed) return wrong("there are too few shares");
  const std::vector<ByteView> views = views_of(bytes);
  COFFER_CHECK(belong_together(views));
  if (views.front()[1] != needed) return wrong("the shares are of another plan");
  COFFER_TRY(SecureBytes secret, combine(views));
  COFFER_CHECK(try_every_subset(views, needed, secret));
  return secret;
}

}  // namespace coffer::ceremony
