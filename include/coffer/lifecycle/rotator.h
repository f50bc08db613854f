// Who changes what a stored secret stands for, in four steps. The steps and their order are those
// of AWS Secrets Manager's rotation functions; docs/rotation.md.
#pragma once

#include <map>
#include <memory>
#include <stop_token>
#include <string>
#include <string_view>

#include "coffer/base/uuid.h"
#include "coffer/model/fields.h"

namespace coffer::envelope {
class SealedTransaction;
}

namespace coffer::lifecycle {

enum class RotationStep : std::uint8_t {
  create,  ///< say what the new value is; changes nothing outside
  set,     ///< make the new value work outside
  test,    ///< does it?
  finish,  ///< readers have the new value: the old one may end
};
[[nodiscard]] std::string_view to_string(RotationStep step) noexcept;

/// What a step is about. Values are JSON objects as text, and secret. All of it outlives the call.
struct RotationCall {
  RotationStep step = RotationStep::create;
  std::string_view secret;    ///< "secret/app/db": where it stands, for people and programs
  Uuid run;                   ///< the same at each try of one value, another for each value
  std::string_view settings;  ///< what take_settings() gave
  /// What readers get now; empty: nothing yet. At `finish` this is the new value.
  std::string_view current;
  /// The new value; at `create` what the daemon proposes: `current` with fresh passwords in it.
  std::string_view pending;
  std::string_view previous;  ///< at `finish` what `current` was before; may be empty
};

/// How a step ended.
enum class StepEnd : std::uint8_t {
  done,
  /// Definitely not, and definitely without an effect: it is tried with another value.
  refused,
  /// Nobody knows: it is tried again with the same value. Steps have to bear that.
  unknown,
};

struct StepResult {
  StepEnd end = StepEnd::unknown;
  std::string value{};  ///< of `create`: the new value, a JSON object; empty: what was proposed
  std::string why{};    ///< if it isn't done, for people: never a value
};

/// Thread-safe. A step may block for as long as its own deadline allows, and should end soon once
/// `stop` is requested; then it is `unknown`.
class Rotator {
 public:
  virtual ~Rotator() = default;
  /// Whether steps change anything beside this vault (Effects::outside).
  [[nodiscard]] virtual bool reaches_outside() const = 0;
  /// This rotator's own fields of a request to `rotation/` about `secret`, named as in a
  /// RotationCall, as a JSON object to keep; `before`: what was kept so far, empty for a new one.
  /// invalid_argument names the field.
  [[nodiscard]] virtual Result<std::string> take_settings(std::string_view secret,
                                                          const model::Fields& given,
                                                          std::string_view before) const = 0;
  /// What its steps wait for by these settings (Handlers::WaitsFor): "program app-db". Empty:
  /// whatever there is of this rotator is one.
  [[nodiscard]] virtual Result<std::string> waits_for(envelope::SealedTransaction& /*tx*/,
                                                      std::string_view /*settings*/) const {
    return std::string();
  }
  [[nodiscard]] virtual StepResult step(const RotationCall& call, const std::stop_token& stop) = 0;
};

/// By the name that a configuration gives ("generate", "exec", "database"). Fill it before the
/// vault is served; then it is immutable and thread-safe.
class Rotators final {
 public:
  void add(std::string name, std::unique_ptr<Rotator> rotator);
  [[nodiscard]] Rotator* find(std::string_view name) const;  ///< nullptr: there is none

 private:
  std::map<std::string, std::unique_ptr<Rotator>, std::less<>> rotators_;
};

/// "generate": the proposed value is the new one, and there is nothing outside.
[[nodiscard]] std::unique_ptr<Rotator> make_generate_rotator();

}  // namespace coffer::lifecycle
