#include "data_arguments.h"

#include <algorithm>
#include <array>

namespace coffer::cli {
namespace {

using model::Json;

/// JSON is UTF-8 (RFC 8259 section 8.1). Other bytes would be replaced on the way, and a key file
/// that comes back changed is lost. So the codec is asked: what it wrote is read again and
/// compared.
bool is_utf8(std::string_view text) {
  const auto again = Json::parse(Json::string(std::string(text)).compact());
  return again.ok() && again->text() == text;
}

class DataReader final {
 public:
  explicit DataReader(const DataSources& sources) : sources_(sources) {}

  Result<void> add(const std::string& argument) {
    if (argument.empty()) return {};
    const std::size_t equals = argument.find('=');
    if (equals == std::string::npos) return add_json(argument);
    const std::string key = argument.substr(0, equals);
    if (key.empty()) return make_error(ErrorCode::invalid_argument, "an argument has no key");
    COFFER_TRY(std::string value, read_value(key, argument.substr(equals + 1)));
    return add_text(key, std::move(value));
  }

  Data take() { return {std::move(object_), std::move(exposed_)}; }

 private:
  Result<std::string> read_value(const std::string& key, std::string value) {
    if (value == "-") return read_standard_input();
    if (value == "?") return sources_.prompt(key);
    if (!value.empty() && value.front() == '@') return sources_.file(value.substr(1));
    if (value == "\\-" || value == "\\?" || value.substr(0, 2) == "\\@") value.erase(0, 1);
    if (!value.empty() && sounds_secret(key)) exposed_.push_back(key);
    return value;
  }

  Result<std::string> read_standard_input() {
    if (std::exchange(input_used_, true)) {
      return make_error(ErrorCode::invalid_argument, "standard input can be used only once");
    }
    return sources_.standard_input();
  }

  Result<void> add_json(const std::string& argument) {
    const bool from_file = argument.front() == '@';
    if (!from_file && argument != "-") {
      return make_error(ErrorCode::invalid_argument,
                        "data must be key=value, @file.json or - for JSON on standard input");
    }
    COFFER_TRY(const std::string text,
               from_file ? sources_.file(argument.substr(1)) : read_standard_input());
    const std::string name = from_file ? argument.substr(1) : "standard input";
    const auto parsed = Json::parse(text);
    if (!parsed.ok()) {
      return make_error(ErrorCode::invalid_argument, name + ": " + parsed.error().text);
    }
    if (!parsed->is_object()) {
      return make_error(ErrorCode::invalid_argument, name + ": not a JSON object");
    }
    for (const Json::Member& member : parsed->members()) merge(member.name, member.value);
    return {};
  }

  Result<void> add_text(const std::string& key, std::string value) {
    if (!is_utf8(key)) return make_error(ErrorCode::invalid_argument, "a key is not UTF-8 text");
    if (!is_utf8(value)) {
      return make_error(ErrorCode::invalid_argument,
                        "the value of " + key + " is not UTF-8 text; encode it first, as base64");
    }
    merge(key, Json::string(std::move(value)));
    return {};
  }

  void merge(const std::string& key, Json value) {
    const Json* before = object_.find(key);
    if (before == nullptr) {
      object_.set(key, std::move(value));
      return;
    }
    Json list = Json::array();
    if (before->is_array()) {
      list = *before;
    } else {
      list.push(*before);
    }
    list.push(std::move(value));
    object_.set(key, std::move(list));
  }

  const DataSources& sources_;
  Json object_ = Json::object();
  std::vector<std::string> exposed_;
  bool input_used_ = false;
};

std::string folded(std::string_view key) {
  std::string text;
  for (const char c : key) {
    if (c == '_' || c == '-' || c == '.' || c == ' ') continue;
    text += c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  }
  return text;
}

}  // namespace

bool sounds_secret(std::string_view key) {
  constexpr std::array<std::string_view, 9> kParts{"passw",      "passphrase", "secret",
                                                   "token",      "credential", "apikey",
                                                   "privatekey", "accesskey",  "encryptionkey"};
  constexpr std::array<std::string_view, 6> kWholes{"pass", "pwd", "pin", "key", "pw", "otp"};
  const std::string name = folded(key);
  return std::any_of(kParts.begin(), kParts.end(),
                     [&](std::string_view part) { return name.find(part) != std::string::npos; }) ||
         std::find(kWholes.begin(), kWholes.end(), name) != kWholes.end();
}

Result<Data> read_data(std::span<const std::string> arguments, const DataSources& sources) {
  DataReader reader(sources);
  for (const std::string& argument : arguments) COFFER_CHECK(reader.add(argument));
  return reader.take();
}

}  // namespace coffer::cli
