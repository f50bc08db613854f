// What HCL and JSON have in common: a tree of values that knows its lines. The readers make it, the
// stanza reader walks it.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "coffer/base/result.h"

namespace coffer::policy {

// A policy is parsed by whoever may write one, and kept in memory by every Acl that it is part of.
inline constexpr std::size_t kMaxText = std::size_t{256} * 1024;
inline constexpr std::size_t kMaxDepth = 16;
inline constexpr std::size_t kMaxStanzas = 5'000;
inline constexpr std::size_t kMaxPath = 4'096;
inline constexpr std::size_t kMaxParameters = 1'000;  ///< of one stanza, and values of one of these

enum class Kind : std::uint8_t { string, number, boolean, null, list, object };
[[nodiscard]] std::string_view to_string(Kind kind) noexcept;  ///< "a string", for errors

struct Item;

struct Node {
  Kind kind = Kind::null;
  std::string text{};  ///< of scalars: characters, decimal digits, "true" or "false"
  std::size_t line = 0;
  std::vector<Node> elements;  ///< of a list
  std::vector<Item> items;     ///< of an object, in the order of the text

  // Not in the class: an Item isn't a complete type there, and clang 14 looks into the vector.
  Node();
  Node(Kind kind, std::string text, std::size_t line);
  ~Node();
  Node(Node&&) noexcept;
  Node& operator=(Node&&) noexcept;
};

/// `key = value`, or `key "label" { }`.
struct Item {
  std::vector<std::string> keys;
  Node value;
  std::size_t line = 0;
};

/// invalid_argument, with the line before it; line 0: not known (the JSON form).
[[nodiscard]] Error wrong(std::size_t line, std::string_view text);

/// `word` in quotes, shortened, with nothing in it that could be taken for more of the error.
[[nodiscard]] std::string quoted(std::string_view word);

}  // namespace coffer::policy
