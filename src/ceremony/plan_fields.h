// An object of a plan, read strictly: each error names the field by its whole path. Private to the
// room.
#pragma once

#include <initializer_list>
#include <string>

#include "coffer/model/fields.h"

namespace coffer::ceremony {

class PlanFields final {
 public:
  [[nodiscard]] static Result<PlanFields> parse(std::string text);

  /// invalid_argument: "field \"a.b\" …".
  [[nodiscard]] Error wrong(std::string_view name, std::string_view what) const;
  /// Any other name is refused.
  [[nodiscard]] Result<void> only(std::initializer_list<std::string_view> names) const;

  [[nodiscard]] bool has(std::string_view name) const { return fields_.has(name); }
  [[nodiscard]] std::vector<std::string> names() const;
  [[nodiscard]] Result<std::string> text(std::string_view name) const;
  [[nodiscard]] Result<std::string> text_or(std::string_view name, std::string_view other) const;
  [[nodiscard]] Result<std::uint32_t> number(std::string_view name) const;
  /// An array of strings.
  [[nodiscard]] Result<std::vector<std::string>> list(std::string_view name) const;
  [[nodiscard]] Result<PlanFields> object(std::string_view name) const;
  /// A string's characters, a number's digits, true or false.
  [[nodiscard]] Result<std::string> scalar(std::string_view name) const;

 private:
  PlanFields(model::Fields fields, std::string path)
      : fields_(std::move(fields)), path_(std::move(path)) {}
  /// The member as it stands in the text.
  [[nodiscard]] Result<std::string_view> json(std::string_view name) const;
  [[nodiscard]] std::string full(std::string_view name) const;

  model::Fields fields_;
  std::string path_;
};

}  // namespace coffer::ceremony
