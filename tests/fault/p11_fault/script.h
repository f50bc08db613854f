// The script of the fault-injecting module: what happens to which call.
//
//     module /usr/lib/softhsm/libsofthsm2.so     the module behind this one; read once
//     counts /tmp/x/counts                       where the counts go (counts.h); read once
//     FUNCTIONS [WHEN]: EFFECT [ARGUMENT]
//
// FUNCTIONS  C_Decrypt, or C_Decrypt,C_Sign, or * for all that Coffer calls.
// WHEN       nth N; from N; from N to M; every N. Without it every call. Calls are counted from
//            the moment that this script was first read, over all processes that use it (a worker
//            that crashed at its second call doesn't crash again in its next life); 1 is the next.
// EFFECT     CKR_DEVICE_ERROR      the code, or a number, instead of the call
//            after CKR_...         the call is made, then the code is given
//            delay MS              and then the call
//            hang                  until the script is another one
//            stuck FILE            reads a byte of it first: of a file system that never answers
//            crash                 SIGSEGV, as of a bug in a vendor's library
//            sigpipe               a write to a closed pipe; then CKR_DEVICE_ERROR
//            short N               N bytes fewer than there are, and CKR_OK (Encrypt, Decrypt,
//            Sign) garble                a byte of what comes out is another (also GenerateRandom)
//            zero                  what comes out was never written (also GenerateRandom)
//            none                  FindObjects finds nothing
//            serial TEXT           GetTokenInfo: another token is in the slot
//            flags NAME,NAME       GetTokenInfo: COUNT_LOW, FINAL_TRY, LOCKED, TO_BE_CHANGED
//            sessions N            OpenSession: CKR_SESSION_COUNT beyond N in this process
//            labels N              keys are stored with the first N characters of their labels
//            attribute T HEX       GetAttributeValue: attribute T (0x162) has this value
//            iv-appended           GCM: the token makes the IV and puts it behind the tag
//            iv-written-back       GCM: takes a zero IV alone, and writes the one that it made
//            there
//
// Effects that belong to some functions let others pass, so `*: serial X` is fine. Of several rules
// that fit, delays add up and the first that ends the call counts. `#` starts a comment. A line
// that isn't understood makes every call fail with CKR_ARGUMENTS_BAD: a test must not pass for a
// typo.
#pragma once

#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "functions.h"

namespace coffer::p11_fault {

enum class Effect : std::uint8_t {
  fail,
  fail_after,
  delay,
  hang,
  stuck,
  crash,
  sigpipe,
  short_output,
  garble,
  zero,
  none,
  serial,
  flags,
  sessions,
  labels,
  attribute,
  iv_appended,
  iv_written_back,
};

struct Rule {
  std::uint64_t functions = 0;  ///< a bit for each Function
  std::uint64_t from = 1;
  std::uint64_t to = std::numeric_limits<std::uint64_t>::max();
  std::uint64_t every = 1;
  Effect effect = Effect::fail;
  std::uint64_t number = 0;  ///< CK_RV, milliseconds, bytes, CK_FLAGS, attribute type
  std::string text{};        ///< serial, file, or an attribute's value

  [[nodiscard]] bool is_about(Function function) const {
    return (functions >> static_cast<unsigned>(function) & 1U) != 0;
  }
  [[nodiscard]] bool fits(std::uint64_t call) const {
    return call >= from && call <= to && call % every == 0;
  }
};

struct Script {
  std::string module{};
  std::string counts{};
  std::vector<Rule> rules{};
  std::string problem{};  ///< the line that wasn't understood
};

inline constexpr std::size_t kMaxRules = 32;

[[nodiscard]] Script parse_script(std::string_view text);

}  // namespace coffer::p11_fault
