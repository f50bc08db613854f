// The plan of a ceremony: what is going to be done, to which token, by whom. Reviewed beforehand,
// known by the hash of its bytes. docs/formats/ceremony-plan.md. Private to the room.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "coffer/base/uuid.h"
#include "coffer/crypto/digest.h"
#include "coffer/pkcs11/attest.h"
#include "coffer/pkcs11/profile.h"

namespace coffer::ceremony {

enum class ActKind : std::uint8_t {
  initialise,   ///< a blank token gets its PINs
  generate,     ///< the vault's keys are made on it
  enrol,        ///< a further token's keys are made, and its enrolment written
  change_pins,  ///< both PINs are new, for the same people or for others
  rotate,       ///< a program of the vault does it; so do the next three
  retire,
  restore_drill,
  accept_restore,
  decommission,  ///< the vault's keys are destroyed
};
[[nodiscard]] std::string_view to_string(ActKind act) noexcept;
/// Whether the act is a program that runs, whose output's hash and exit status are kept.
[[nodiscard]] bool is_program(ActKind act) noexcept;

enum class Role : std::uint8_t {
  security_officer,  ///< gets the token's SO PIN
  user,              ///< gets its user PIN
  custodian,         ///< gets a share
  witness,
};
[[nodiscard]] std::string_view to_string(Role role) noexcept;
[[nodiscard]] bool is_role(std::string_view name) noexcept;

struct Person {
  Role role{};
  Bytes key;  ///< Ed25519
};

struct PlannedToken {
  std::string module;
  std::string serial;  ///< empty: a token of software, which gets its serial when it is initialised
  std::string label;
  std::string profile;
  std::string sync_directory;  ///< may be empty
};

struct PlannedKey {
  std::string label;
  std::vector<pkcs11::StatedAttribute> attributes;  ///< as they stand in the plan
};

struct Shares {
  std::uint32_t needed = 0;
  std::uint32_t total = 0;
};

struct Plan {
  std::string text;  ///< its bytes
  crypto::Sha256 hash{};
  std::string purpose;
  std::vector<ActKind> acts;
  Uuid vault;
  PlannedToken token;
  std::map<std::string, Person> people;
  std::map<std::string, PlannedKey> keys;                    ///< by "kek" and "sign"
  std::map<std::string, std::vector<std::string>> programs;  ///< by the act's name
  /// SHA-256 that "coffer-ceremony", "module" or the program of an act must have.
  std::map<std::string, std::string> hashes{};
  std::optional<Shares> shares{};  ///< of the SO PIN
  std::string audit_checkpoints;   ///< the file with the log's checkpoints; empty: there is no log
  std::uint32_t key_version = 1;   ///< of the kek on the token, and of the sign key unless
  std::uint32_t sign_version = 1;  ///< the plan has another for that
};

/// A plan of more bytes is too_large.
inline constexpr std::size_t kMaxPlan = 256U << 10U;

/// Strict: invalid_argument names the field for anything that is unknown, twice there, missing, or
/// not what it should be; and for what can't be done as planned.
[[nodiscard]] Result<Plan> parse_plan(std::string text);

[[nodiscard]] bool has_act(const Plan& plan, ActKind act) noexcept;
[[nodiscard]] std::size_t count_role(const Plan& plan, Role role) noexcept;

/// "pkcs11:serial=…"; empty where the token has none yet.
[[nodiscard]] std::string planned_uri(const Plan& plan);

/// A program's path and arguments with blanks between, for people and the transcript.
[[nodiscard]] std::string joined(const std::vector<std::string>& words);

/// Names of people and files: letters, digits, dot, dash, underscore; 1 to 64.
[[nodiscard]] bool is_plain_name(std::string_view name) noexcept;

}  // namespace coffer::ceremony
