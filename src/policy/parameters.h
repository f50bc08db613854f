// allowed_parameters, denied_parameters, required_parameters: which fields a request may carry.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "coffer/model/fields.h"
#include "coffer/model/json_tree.h"

namespace coffer::policy {

/// A value that a policy names. Strings may be globs; numbers and booleans meet their text too,
/// because engines take `5` and `"5"` alike; the rest is compared deeply.
using ParameterValue = model::Json;

struct Parameter {
  std::string name;                    ///< lower case; "*": any
  std::vector<ParameterValue> values;  ///< empty: any
};

/// Sorted by name, none twice.
class ParameterMap final {
 public:
  [[nodiscard]] bool empty() const noexcept { return parameters_.empty(); }
  [[nodiscard]] std::size_t size() const noexcept { return parameters_.size(); }
  /// `name` in any case. No allocation.
  [[nodiscard]] const Parameter* find(std::string_view name) const noexcept;
  /// False: the name is there already.
  [[nodiscard]] bool add(Parameter parameter);
  /// Of two lists for a name both count; of a list and none (any value), none.
  void merge(const ParameterMap& other);

 private:
  std::vector<Parameter> parameters_;
};

struct ParameterRules {
  ParameterMap allowed;
  ParameterMap denied;
  std::vector<std::string> required;  ///< lower case

  void merge(const ParameterRules& other);
};

[[nodiscard]] std::string lower_case(std::string_view text);

/// nullptr: they may. Else one sentence that says which key refuses. `parameters` may be nullptr.
/// No allocation but for fields with escapes, and where a list or an object is compared.
[[nodiscard]] const char* refusal(const ParameterRules& rules, const model::Fields* parameters);

}  // namespace coffer::policy
