#include "coffer/model/json_tree.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

#include "coffer/model/json_writer.h"

namespace coffer::model {

/// Receives what nlohmann's parser finds. Our own tree instead of its DOM, because that one turns
/// numbers beyond 64 bits into doubles: a secret would be printed with other digits than it has.
class JsonBuilder final {
 public:
  using number_integer_t = nlohmann::json::number_integer_t;
  using number_unsigned_t = nlohmann::json::number_unsigned_t;
  using number_float_t = nlohmann::json::number_float_t;
  using string_t = nlohmann::json::string_t;
  using binary_t = nlohmann::json::binary_t;

  bool null() { return add(Json()); }
  bool boolean(bool value) { return add(Json::boolean(value)); }
  bool number_integer(number_integer_t value) { return add(number(std::to_string(value))); }
  bool number_unsigned(number_unsigned_t value) { return add(number(std::to_string(value))); }
  bool number_float(number_float_t /*value*/, const string_t& digits) {
    return add(number(digits));
  }
  bool string(string_t& value) { return add(Json::string(std::move(value))); }
  bool binary(binary_t& /*value*/) { return false; }  // no such thing in JSON text

  bool start_object(std::size_t /*size*/) { return open(Json::object()); }
  bool key(string_t& name) {
    open_.back().name = std::move(name);
    return true;
  }
  bool end_object() {
    if (!names_unique(open_.back().value)) return refuse("JSON object with the same name twice");
    return close();
  }
  bool start_array(std::size_t /*size*/) { return open(Json::array()); }
  bool end_array() { return close(); }

  // The exception's text quotes the input, which may be a secret: only the position is used.
  bool parse_error(std::size_t position, const std::string& /*token*/,
                   const nlohmann::detail::exception& /*error*/) {
    return refuse("not JSON, at byte " + std::to_string(position));
  }

  [[nodiscard]] Json take() { return std::move(root_); }
  [[nodiscard]] const std::string& refusal() const { return refusal_; }

 private:
  struct Open {
    Json value;
    std::string name;
  };

  static Json number(std::string digits) { return {Json::Kind::number, std::move(digits)}; }

  static bool names_unique(const Json& object) {
    std::vector<std::string_view> names;
    names.reserve(object.members().size());
    for (const Json::Member& member : object.members()) names.push_back(member.name);
    std::sort(names.begin(), names.end());
    return std::adjacent_find(names.begin(), names.end()) == names.end();
  }

  bool refuse(std::string why) {
    if (refusal_.empty()) refusal_ = std::move(why);
    return false;
  }

  bool open(Json value) {
    // Printing and destroying recurse: the depth is the stack that a sender could use up.
    if (open_.size() >= kMaxTreeDepth) return refuse("JSON nested too deeply");
    open_.push_back({std::move(value), {}});
    return true;
  }

  bool close() {
    Json value = std::move(open_.back().value);
    open_.pop_back();
    return add(std::move(value));
  }

  bool add(Json value) {
    if (open_.empty()) {
      root_ = std::move(value);
    } else if (Open& parent = open_.back(); parent.value.is_array()) {
      parent.value.elements_.push_back(std::move(value));
    } else {
      parent.value.members_.push_back({std::move(parent.name), std::move(value)});
    }
    return true;
  }

  std::vector<Open> open_;
  Json root_;
  std::string refusal_;
};

namespace {

/// `indent` is the depth of the value, or negative for no white space.
void append(std::string& out, const Json& value, int indent);

void new_line(std::string& out, int indent) {
  if (indent >= 0) out.append("\n").append(static_cast<std::size_t>(indent) * 2, ' ');
}

void append_object(std::string& out, const Json& value, int indent) {
  const int inner = indent < 0 ? indent : indent + 1;
  out += '{';
  bool first = true;
  for (const Json::Member& member : value.members()) {
    if (!std::exchange(first, false)) out += ',';
    new_line(out, inner);
    append_json_string(out, member.name);
    out += indent < 0 ? ":" : ": ";
    append(out, member.value, inner);
  }
  if (!first) new_line(out, indent);
  out += '}';
}

void append_array(std::string& out, const Json& value, int indent) {
  const int inner = indent < 0 ? indent : indent + 1;
  out += '[';
  bool first = true;
  for (const Json& element : value.elements()) {
    if (!std::exchange(first, false)) out += ',';
    new_line(out, inner);
    append(out, element, inner);
  }
  if (!first) new_line(out, indent);
  out += ']';
}

void append(std::string& out, const Json& value, int indent) {
  switch (value.kind()) {
    case Json::Kind::null:
    case Json::Kind::boolean:
    case Json::Kind::number: out += value.text(); return;
    case Json::Kind::string: append_json_string(out, value.text()); return;
    case Json::Kind::array: append_array(out, value, indent); return;
    case Json::Kind::object: append_object(out, value, indent); return;
  }
}

}  // namespace

Json::Json() = default;
Json::~Json() = default;
Json::Json(const Json&) = default;
Json::Json(Json&&) noexcept = default;
Json& Json::operator=(const Json&) = default;
Json& Json::operator=(Json&&) noexcept = default;
Json::Json(Kind kind, std::string text) : kind_(kind), text_(std::move(text)) {}

Json Json::string(std::string text) { return {Kind::string, std::move(text)}; }
Json Json::number(std::int64_t value) { return {Kind::number, std::to_string(value)}; }
Json Json::boolean(bool value) { return {Kind::boolean, value ? "true" : "false"}; }
Json Json::array() { return {Kind::array, {}}; }
Json Json::object() { return {Kind::object, {}}; }
Json Json::object(std::vector<Member> members) {
  Json json(Kind::object, {});
  json.members_ = std::move(members);
  return json;
}
std::vector<Json::Member> Json::take_members() && noexcept { return std::move(members_); }

Result<Json> Json::parse(std::string_view text) {
  JsonBuilder builder;
  if (!nlohmann::json::sax_parse(text, &builder)) {
    return make_error(ErrorCode::invalid_argument, builder.refusal());
  }
  return builder.take();
}

const Json* Json::find(std::string_view name) const noexcept {
  for (const Member& member : members_) {
    if (member.name == name) return &member.value;
  }
  return nullptr;
}

const Json* Json::find_path(std::initializer_list<std::string_view> names) const noexcept {
  const Json* value = this;
  for (const std::string_view name : names) {
    value = value->find(name);
    if (value == nullptr || value->is_null()) return nullptr;
  }
  return value;
}

void Json::set(std::string_view name, Json value) {
  for (Member& member : members_) {
    if (member.name == name) {
      member.value = std::move(value);
      return;
    }
  }
  members_.push_back({std::string(name), std::move(value)});
}

void Json::push(Json value) { elements_.push_back(std::move(value)); }

std::string Json::compact() const {
  std::string out;
  append(out, *this, -1);
  return out;
}

std::string Json::pretty() const {
  std::string out;
  append(out, *this, 0);
  return out;
}

}  // namespace coffer::model
