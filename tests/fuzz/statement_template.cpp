// F9: whatever template is accepted, a hostile value stays inside the quotes that it was put into.
// The rendered text, read once more, must have as many statements and no placeholder of its own;
// and with another value it must differ in nothing but the value.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "coffer/connectors/statements.h"

namespace {

using namespace coffer::connectors;  // NOLINT(google-build-using-namespace)

void require(bool condition) {
  if (!condition) std::abort();
}

/// As the two drivers do it (PQescapeStringConn with standard_conforming_strings,
/// PQescapeIdentifier; mysql_real_escape_string, backticks).
class DriverQuoter final : public Quoter {
 public:
  explicit DriverQuoter(Dialect dialect) : dialect_(dialect) {}
  [[nodiscard]] coffer::Result<std::string> in_string(std::string_view value) const override {
    std::string out;
    for (const char c : value) {
      const bool backslash = dialect_ == Dialect::mariadb && (c == '\\' || c == '\'' || c == '"');
      if (backslash) out += '\\';
      out += c;
      if (!backslash && c == '\'') out += c;
    }
    return out;
  }
  [[nodiscard]] coffer::Result<std::string> in_identifier(std::string_view value) const override {
    const char mark = dialect_ == Dialect::mariadb ? '`' : '"';
    std::string out;
    for (const char c : value) out.append(c == mark ? 2 : 1, c);
    return out;
  }

 private:
  const Dialect dialect_;
};

void check(Dialect dialect, std::string_view text) {
  const auto statements = parse_statements(dialect, text);
  if (!statements.ok()) return;
  const DriverQuoter quoter(dialect);
  // The braces of a name must not look like a placeholder when the text is read again.
  for (const std::string_view hostile :
       {"x", "'", "\"", "`", "\\", "';--", "\"; DROP", "*/", "$$", "a\\'b"}) {
    for (const Statement& statement : *statements) {
      const auto sql = statement.render({hostile, "hash", "time"}, quoter);
      require(sql.ok());
      const auto again = parse_statements(dialect, *sql);
      if (!again.ok()) {
        // Only for its length or number, never because a quote came apart.
        require(sql->size() > kMaxTemplate);
        continue;
      }
      require(again->size() == 1);
      require(placeholders(*again).empty());
    }
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  check(Dialect::postgresql, text);
  check(Dialect::mariadb, text);
  return 0;
}
