// A JSON text as a tree that can be walked without knowing its shape: for the command line, which
// prints answers it doesn't understand. Rooms that know what they want read a Fields instead.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

#include "coffer/base/result.h"

namespace coffer::model {

inline constexpr std::size_t kMaxTreeDepth = 128;

/// A value: copying copies the tree. Thread safety: as a std::vector.
class Json final {
 public:
  enum class Kind : std::uint8_t { null, boolean, number, string, array, object };
  struct Member;

  // Not in the class: a Member isn't a complete type there, and clang 14 looks into the vector.
  Json();  ///< null
  ~Json();
  Json(const Json&);
  Json(Json&&) noexcept;
  Json& operator=(const Json&);
  Json& operator=(Json&&) noexcept;
  [[nodiscard]] static Json string(std::string text);
  [[nodiscard]] static Json number(std::int64_t value);
  [[nodiscard]] static Json boolean(bool value);
  [[nodiscard]] static Json array();
  [[nodiscard]] static Json object();
  /// Precondition: no name twice.
  [[nodiscard]] static Json object(std::vector<Member> members);

  /// Any JSON value, with white space around it. Not JSON, invalid UTF-8, deeper than
  /// kMaxTreeDepth, a name twice in one object, a number beyond 1e308: invalid_argument, without a
  /// word of the text.
  [[nodiscard]] static Result<Json> parse(std::string_view text);

  [[nodiscard]] Kind kind() const noexcept { return kind_; }
  [[nodiscard]] bool is_null() const noexcept { return kind_ == Kind::null; }
  [[nodiscard]] bool is_object() const noexcept { return kind_ == Kind::object; }
  [[nodiscard]] bool is_array() const noexcept { return kind_ == Kind::array; }

  /// A string's characters; a number's digits as they came (no precision is lost); "true", "false",
  /// "null". Empty for arrays and objects.
  [[nodiscard]] const std::string& text() const noexcept { return text_; }
  [[nodiscard]] const std::vector<Json>& elements() const noexcept { return elements_; }
  /// In the order of the text.
  [[nodiscard]] const std::vector<Member>& members() const noexcept { return members_; }
  [[nodiscard]] std::vector<Member> take_members() && noexcept;
  /// nullptr if this is no object or has no such member. Valid until this value changes.
  [[nodiscard]] const Json* find(std::string_view name) const noexcept;
  /// find() from object to object; a null on the way or at the end counts as absent.
  [[nodiscard]] const Json* find_path(std::initializer_list<std::string_view> names) const noexcept;

  /// Adds, or replaces in place. Precondition: an object.
  void set(std::string_view name, Json value);
  /// Precondition: an array.
  void push(Json value);

  /// Without white space.
  [[nodiscard]] std::string compact() const;
  /// One member or element a line, indented by two spaces, no newline at the end.
  [[nodiscard]] std::string pretty() const;

 private:
  friend class JsonBuilder;
  Json(Kind kind, std::string text);

  Kind kind_ = Kind::null;
  std::string text_ = "null";
  std::vector<Json> elements_;
  std::vector<Member> members_;
};

struct Json::Member {
  std::string name;
  Json value;
};

}  // namespace coffer::model
