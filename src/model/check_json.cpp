#include "check_json.h"

#include <algorithm>
#include <iterator>
#include <nlohmann/json.hpp>

#include "coffer/model/fields.h"
#include "json_text.h"

namespace coffer::model {
namespace {

using Nlohmann = nlohmann::json;

constexpr int kOutOfRange = 406;  // nlohmann's id for a number that no double holds

/// nlohmann's SAX events carry no positions, so it reads through an iterator that tells how far it
/// is. All copies share the position.
struct Cursor {
  const char* at;
};

class CharIterator final {
 public:
  using iterator_category = std::input_iterator_tag;
  using value_type = char;
  using difference_type = std::ptrdiff_t;
  using pointer = const char*;
  using reference = const char&;

  explicit CharIterator(Cursor& cursor) noexcept : cursor_(&cursor) {}
  reference operator*() const noexcept { return *cursor_->at; }
  CharIterator& operator++() noexcept {
    ++cursor_->at;
    return *this;
  }
  bool operator==(const CharIterator& other) const noexcept {
    return cursor_->at == other.cursor_->at;
  }

 private:
  Cursor* cursor_;
};

/// The names of all objects that are open, to find one that comes twice. Sorted when the object
/// ends, so that no choice of names makes it slow (as it would a hash table).
class OpenObjects final {
 public:
  void begin() { starts_.push_back({names_.size(), letters_.size()}); }

  void add(std::string_view name) {
    names_.push_back({letters_.size(), name.size()});
    letters_ += name;
  }

  /// Closes the innermost object; false: a name came twice in it.
  bool end() {
    const Start start = starts_.back();
    const auto first = names_.begin() + static_cast<std::ptrdiff_t>(start.names);
    std::sort(first, names_.end(), [&](Name a, Name b) { return text(a) < text(b); });
    const bool unique = std::adjacent_find(first, names_.end(), [&](Name a, Name b) {
                          return text(a) == text(b);
                        }) == names_.end();
    names_.erase(first, names_.end());
    letters_.resize(start.letters);
    starts_.pop_back();
    return unique;
  }

 private:
  struct Name {
    std::size_t begin;
    std::size_t size;
  };
  struct Start {
    std::size_t names;
    std::size_t letters;
  };
  [[nodiscard]] std::string_view text(Name name) const {
    return std::string_view(letters_).substr(name.begin, name.size);
  }

  std::string letters_;
  std::vector<Name> names_;
  std::vector<Start> starts_;
};

/// Takes nlohmann's events. Stops at the first thing wrong; keeps the reason.
class Checker final : public nlohmann::json_sax<Nlohmann> {
 public:
  explicit Checker(std::string_view text) noexcept : text_(text), cursor_{text.data()} {}

  Result<std::vector<Member>> run() {
    Cursor end{text_.data() + text_.size()};
    if (Nlohmann::sax_parse(CharIterator(cursor_), CharIterator(end), this))
      return std::move(members_);
    return make_error(code_, problem_ + " at byte " + std::to_string(position()));
  }

  bool null() override { return scalar(position(), true); }
  bool boolean(bool /*value*/) override { return scalar(position()); }
  // A number ends only with the character behind it, which has been read by now.
  bool number_integer(number_integer_t /*value*/) override { return scalar(position() - 1); }
  bool number_unsigned(number_unsigned_t /*value*/) override { return scalar(position() - 1); }
  bool number_float(number_float_t /*value*/, const string_t& /*digits*/) override {
    return scalar(position() - 1);
  }
  bool string(string_t& /*value*/) override { return scalar(position()); }
  bool binary(binary_t& /*value*/) override { return fail("binary value"); }

  bool start_object(std::size_t /*elements*/) override {
    objects_.begin();
    return open();
  }
  bool start_array(std::size_t /*elements*/) override {
    return depth_ == 0 ? fail("not a JSON object") : open();
  }
  bool end_object() override {
    if (!objects_.end()) return fail("duplicate key in the JSON object that ends");
    return close();
  }
  bool end_array() override { return close(); }

  bool key(string_t& name) override {
    if (name.find('\0') != std::string::npos) return fail("NUL in a JSON key");
    objects_.add(name);
    if (depth_ == 1) {
      const std::size_t colon = skip_space(text_, position());
      members_.push_back({std::move(name), skip_space(text_, colon + 1), 0});
    }
    return true;
  }

  /// `exception.what()` quotes the input: only its number is looked at.
  bool parse_error(std::size_t /*position*/, const std::string& /*token*/,
                   const nlohmann::detail::exception& exception) override {
    if (exception.id == kOutOfRange) return fail("JSON number out of range");
    return fail(done_ ? "data after the JSON object" : "not valid JSON");
  }

 private:
  [[nodiscard]] std::size_t position() const {
    return static_cast<std::size_t>(cursor_.at - text_.data());
  }

  bool fail(std::string problem, ErrorCode code = ErrorCode::invalid_argument) {
    code_ = code;
    problem_ = std::move(problem);
    return false;
  }

  bool count() {
    return ++values_ <= kMaxJsonValues ||
           fail("more JSON values than allowed", ErrorCode::too_large);
  }

  bool scalar(std::size_t end, bool is_null = false) {
    if (depth_ == 0 && !is_null) return fail("not a JSON object");
    value_ended(end);
    return count();
  }

  bool open() {
    if (++depth_ > kMaxJsonDepth) return fail("JSON nested deeper than 32 levels");
    return count();
  }

  bool close() {
    --depth_;
    value_ended(position());
    return true;
  }

  void value_ended(std::size_t end) {
    done_ = depth_ == 0;
    if (depth_ == 1) members_.back().end = end;
  }

  std::string_view text_;
  Cursor cursor_;
  OpenObjects objects_;
  std::vector<Member> members_;
  std::size_t depth_ = 0;
  std::size_t values_ = 0;
  bool done_ = false;
  ErrorCode code_ = ErrorCode::internal;
  std::string problem_;
};

}  // namespace

Result<std::vector<Member>> check_json(std::string_view text) {
  // nlohmann skips a byte order mark; RFC 8259 section 8.1 forbids to send one.
  if (text.starts_with("\xEF\xBB\xBF")) {
    return make_error(ErrorCode::invalid_argument, "byte order mark before JSON");
  }
  // nlohmann takes a NUL for the end of the input, and would leave what follows unchecked.
  if (const std::size_t nul = text.find('\0'); nul != std::string_view::npos) {
    return make_error(ErrorCode::invalid_argument, "not valid JSON at byte " + std::to_string(nul));
  }
  return Checker(text).run();
}

Result<std::vector<std::string>> scalar_elements(std::string_view array) {
  const Nlohmann tree = Nlohmann::parse(array, nullptr, /*allow_exceptions=*/false);
  std::vector<std::string> elements;
  elements.reserve(tree.size());
  for (const Nlohmann& element : tree) {
    if (element.is_string()) {
      elements.push_back(element.get_ref<const std::string&>());
    } else if (element.is_number_integer()) {
      elements.push_back(element.dump());
    } else {
      return make_error(ErrorCode::invalid_argument, {});
    }
  }
  return elements;
}

}  // namespace coffer::model
