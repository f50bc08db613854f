#include "syntax.h"

namespace coffer::policy {
namespace {

constexpr std::size_t kMaxQuoted = 100;

}  // namespace

Node::Node() = default;
Node::Node(Kind of, std::string characters, std::size_t at)
    : kind(of), text(std::move(characters)), line(at) {}
Node::~Node() = default;
Node::Node(Node&&) noexcept = default;
Node& Node::operator=(Node&&) noexcept = default;

std::string_view to_string(Kind kind) noexcept {
  switch (kind) {
    case Kind::string: return "a string";
    case Kind::number: return "a number";
    case Kind::boolean: return "true or false";
    case Kind::null: return "null";
    case Kind::list: return "a list";
    case Kind::object: return "an object";
  }
  return "nothing";
}

Error wrong(std::size_t line, std::string_view text) {
  std::string whole("policy");
  if (line != 0) whole.append(" line ").append(std::to_string(line));
  whole.append(": ").append(text);
  return make_error(ErrorCode::invalid_argument, whole);
}

std::string quoted(std::string_view word) {
  std::string out("\"");
  for (const char c : word.substr(0, kMaxQuoted)) {
    const auto byte = static_cast<unsigned char>(c);
    out.push_back(byte < 0x20 || byte > 0x7E || c == '"' ? '?' : c);
  }
  if (word.size() > kMaxQuoted) out += "...";
  out.push_back('"');
  return out;
}

}  // namespace coffer::policy
