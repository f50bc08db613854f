// Templates: where a value may stand, and that it stays a value there.
#include "coffer/connectors/statements.h"

#include <gtest/gtest.h>

namespace coffer::connectors {
namespace {

/// Marks what it was asked to quote; doubling is all that these tests need.
class MarkingQuoter final : public Quoter {
 public:
  [[nodiscard]] Result<std::string> in_string(std::string_view value) const override {
    return doubled(value, '\'');
  }
  [[nodiscard]] Result<std::string> in_identifier(std::string_view value) const override {
    return doubled(value, '"');
  }

 private:
  static std::string doubled(std::string_view value, char mark) {
    std::string out;
    for (const char c : value) out.append(c == mark ? 2 : 1, c);
    return out;
  }
};

std::vector<std::string> rendered(Dialect dialect, std::string_view text, const Values& values) {
  const auto statements = parse_statements(dialect, text);
  if (!statements.ok()) return {"refused: " + statements.error().text};
  std::vector<std::string> out;
  for (const Statement& statement : *statements) {
    const auto sql = statement.render(values, MarkingQuoter());
    out.push_back(sql.ok() ? *sql : "refused: " + sql.error().text);
  }
  return out;
}

const Values kValues{.name = "u", .password = "p", .expiration = "e"};

std::vector<std::string> postgresql(std::string_view text, const Values& values = kValues) {
  return rendered(Dialect::postgresql, text, values);
}
std::vector<std::string> mariadb(std::string_view text, const Values& values = kValues) {
  return rendered(Dialect::mariadb, text, values);
}
using Texts = std::vector<std::string>;

bool refused(const Texts& texts) { return texts.size() == 1 && texts[0].starts_with("refused: "); }

TEST(Statements, FillsVaultsOwnExample) {
  EXPECT_EQ(postgresql("CREATE ROLE \"{{name}}\" WITH LOGIN PASSWORD '{{password}}' VALID UNTIL "
                       "'{{expiration}}'; GRANT SELECT ON ALL TABLES IN SCHEMA public TO "
                       "\"{{username}}\";"),
            (Texts{"CREATE ROLE \"u\" WITH LOGIN PASSWORD 'p' VALID UNTIL 'e'",
                   " GRANT SELECT ON ALL TABLES IN SCHEMA public TO \"u\""}));
}

TEST(Statements, SplitsOnlyWhereTheDatabaseWould) {
  EXPECT_EQ(postgresql("SELECT ';', \";\", $$;$$, $a$;$$;$a$ /* ; /* ; */ ; */ -- ;\n; SELECT 2"),
            (Texts{"SELECT ';', \";\", $$;$$, $a$;$$;$a$ /* ; /* ; */ ; */ -- ;\n", " SELECT 2"}));
  EXPECT_EQ(
      mariadb("SELECT ';', \"\\\";\", `;`, 'it\\';', 1--1 /* ; /* ; */ -- ;\n# ;\n; SELECT 2"),
      (Texts{"SELECT ';', \"\\\";\", `;`, 'it\\';', 1--1 /* ; /* ; */ -- ;\n# ;\n", " SELECT 2"}));
}

TEST(Statements, LeavesOutWhatHasNoMeaning) {
  EXPECT_EQ(postgresql(""), Texts{});
  EXPECT_EQ(postgresql(" ; ;; -- nothing\n; /* nothing */ "), Texts{});
}

TEST(Statements, EndsALastLineComment) {
  EXPECT_EQ(postgresql("SELECT 1 -- one"), (Texts{"SELECT 1 -- one\n"}));
}

TEST(Statements, QuotesByThePlace) {
  const Values values{.name = "a'b\"c", .password = {}, .expiration = {}};
  EXPECT_EQ(postgresql("SELECT '{{name}}' FROM \"{{name}}\"", values),
            (Texts{"SELECT 'a''b\"c' FROM \"a'b\"\"c\""}));
  EXPECT_EQ(mariadb("SELECT '{{ name }}' FROM `{{name}}`", values),
            (Texts{"SELECT 'a''b\"c' FROM `a'b\"\"c`"}));
}

TEST(Statements, KeepsTextAroundAValueInItsQuote) {
  EXPECT_EQ(postgresql("SELECT 'it''s {{name}}, {{name}}'"), (Texts{"SELECT 'it''s u, u'"}));
}

/// It would be made, and the vault wouldn't know it.
TEST(Statements, RefusesAUserThatIsCalledMoreThanTheName) {
  for (const char* text :
       {R"(CREATE ROLE "x{{name}}")", R"(CREATE ROLE "{{name}}x")", R"(create user"{{name}}""")",
        R"(CREATE ROLE /* a */ "{{name}}{{name}}")", R"(DROP ROLE IF EXISTS "'{{name}}'")",
        R"(CREATE GROUP "x_{{username}}")"}) {
    EXPECT_TRUE(refused(postgresql(text))) << text;
  }
  for (const char* text :
       {"CREATE USER 'x{{name}}'", "CREATE USER IF NOT EXISTS `{{name}}x`@`%`",
        "GRANT SELECT ON a.* TO 'x{{name}}' @ 'localhost'", "CREATE ROLE \"{{name}}\"\"\""}) {
    EXPECT_TRUE(refused(mariadb(text))) << text;
  }
  for (const char* text :
       {R"(CREATE SCHEMA "s_{{name}}" AUTHORIZATION "{{name}}")",
        R"(COMMENT ON ROLE "{{name}}" IS 'of {{name}}')", R"(CREATE ROLE "{{ name }}")"}) {
    EXPECT_FALSE(refused(postgresql(text))) << text;
  }
  for (const char* text :
       {"CREATE USER '{{name}}'@'%'", "CREATE DATABASE IF NOT EXISTS `d_{{name}}`",
        "GRANT ALL ON `d_{{name}}`.* TO '{{name}}'@'%'"}) {
    EXPECT_FALSE(refused(mariadb(text))) << text;
  }
}

TEST(Statements, TakesOtherBracesAsText) {
  EXPECT_EQ(postgresql("SELECT '{{1,2},{3,4}}', '{{}}', '{{'"),
            (Texts{"SELECT '{{1,2},{3,4}}', '{{}}', '{{'"}));
}

TEST(Statements, RefusesAPlaceholderOutsideOfQuotes) {
  for (const char* text : {"CREATE ROLE {{name}}", "SELECT {{expiration}}", "{{name}}",
                           "SELECT 'a'{{password}}'b'", "DROP ROLE {{ name }}"}) {
    EXPECT_TRUE(refused(postgresql(text))) << text;
    EXPECT_TRUE(refused(mariadb(text))) << text;
  }
}

TEST(Statements, RefusesAPlaceholderInAComment) {
  for (const char* text : {"SELECT 1 -- {{name}}", "SELECT 1 /* {{name}} */",
                           "SELECT 1 /* /* */ {{name}} */", "SELECT 1 -- '{{name}}'\n"}) {
    EXPECT_TRUE(refused(postgresql(text))) << text;
  }
  for (const char* text :
       {"SELECT 1 # {{name}}", "SELECT 1 -- {{name}}", "SELECT 1 /*{{name}}*/"}) {
    EXPECT_TRUE(refused(mariadb(text))) << text;
  }
}

TEST(Statements, RefusesAPlaceholderWhereEscapingIsAnother) {
  for (const char* text :
       {"SELECT E'{{name}}'", "SELECT e'a\\'{{name}}'", "SELECT U&'{{name}}'",
        "SELECT U&\"{{name}}\"", "SELECT x'{{name}}'", "DO $$ DROP ROLE \"{{name}}\" $$",
        "SELECT $x$'{{name}}'$x$", "SELECT E'a'\n'{{name}}'", "SELECT E'a' -- b\n '{{name}}'",
        "SELECT U&'a'\n'{{name}}'"}) {
    EXPECT_TRUE(refused(postgresql(text))) << text;
  }
}

TEST(Statements, KnowsThatADollarInAWordIsNoQuote) {
  EXPECT_EQ(postgresql("SELECT a$b$ FROM \"{{name}}\"; SELECT $1$ || '{{name}}'"),
            (Texts{"SELECT a$b$ FROM \"u\"", " SELECT $1$ || 'u'"}));
}

TEST(Statements, RefusesWhatIsNotClosed) {
  for (const char* text :
       {"SELECT 'a", "SELECT \"a", "SELECT $$a", "SELECT /* a", "SELECT E'a\\'", "SELECT /* /* */",
        "SELECT '{{name}}", "SELECT '{{password}}", "SELECT 'a''"}) {
    EXPECT_TRUE(refused(postgresql(text))) << text;
  }
  for (const char* text : {"SELECT 'a", "SELECT 'a\\'", "SELECT `a", "SELECT /* a", "SELECT '\\"}) {
    EXPECT_TRUE(refused(mariadb(text))) << text;
  }
}

TEST(Statements, RefusesUnknownPlaceholdersAndMisplacedPasswords) {
  for (const char* text :
       {"SELECT '{{nmae}}'", "SELECT \"{{password}}\"", "SELECT \"{{expiration}}\""}) {
    EXPECT_TRUE(refused(postgresql(text))) << text;
  }
}

TEST(Statements, RefusesAPasswordThatIsNotAlone) {
  for (const char* text :
       {"SELECT 'x{{password}}'", "SELECT '{{password}}x'", "SELECT '{{password}}\'\'x'",
        "SELECT \'\''{{password}}'", "SELECT '{{name}}{{password}}'"}) {
    EXPECT_TRUE(refused(postgresql(text))) << text;
    EXPECT_TRUE(refused(mariadb(text))) << text;
  }
}

TEST(Statements, RefusesWhatMariaDbExecutesInComments) {
  EXPECT_TRUE(refused(mariadb("/*! DROP USER x */")));
  EXPECT_TRUE(refused(mariadb("SELECT 1 /*M!100100 , 2 */")));
  EXPECT_FALSE(refused(postgresql("SELECT 1 /*! a plain comment */")));
}

TEST(Statements, GivesMariaDbTheHashWhereItTakesPasswords) {
  EXPECT_EQ(mariadb("CREATE USER '{{name}}'@'%' IDENTIFIED BY '{{password}}'"),
            (Texts{"CREATE USER 'u'@'%' IDENTIFIED BY PASSWORD 'p'"}));
  EXPECT_EQ(mariadb("create user '{{name}}'@'%' identified\n by\t'{{password}}'"),
            (Texts{"create user 'u'@'%' identified\n by\tPASSWORD 'p'"}));
  EXPECT_EQ(mariadb("CREATE USER '{{name}}' IDENTIFIED BY PASSWORD '{{password}}'"),
            (Texts{"CREATE USER 'u' IDENTIFIED BY PASSWORD 'p'"}));
  EXPECT_EQ(mariadb("CREATE USER '{{name}}' IDENTIFIED VIA mysql_native_password USING "
                    "'{{password}}'"),
            (Texts{"CREATE USER 'u' IDENTIFIED VIA mysql_native_password USING 'p'"}));
  EXPECT_TRUE(refused(mariadb("SET PASSWORD FOR '{{name}}' = PASSWORD('{{password}}')")));
  EXPECT_TRUE(refused(mariadb("SET PASSWORD FOR '{{name}}' = password ( '{{password}}')")));
}

TEST(Statements, RefusesNulInTemplatesAndValues) {
  EXPECT_TRUE(refused(postgresql(std::string_view("SELECT 1\0", 9))));
  const Values values{.name = std::string_view("a\0b", 3), .password = {}, .expiration = {}};
  EXPECT_TRUE(refused(postgresql("SELECT '{{name}}'", values)));
}

TEST(Statements, BoundsLengthAndNumber) {
  EXPECT_TRUE(refused(postgresql(std::string(kMaxTemplate + 1, 'x'))));
  std::string many;
  for (std::size_t i = 0; i < kMaxStatements; ++i) many += "x;";
  EXPECT_EQ(postgresql(many).size(), kMaxStatements);
  EXPECT_TRUE(refused(postgresql(many + "x")));
}

TEST(Statements, TellsWhichPlaceholdersAreUsed) {
  const auto statements =
      parse_statements(Dialect::postgresql, "SELECT '{{name}}'; SELECT '{{expiration}}'");
  ASSERT_TRUE(statements.ok());
  EXPECT_EQ(placeholders(*statements), (std::set{Placeholder::name, Placeholder::expiration}));
}

TEST(Statements, SaysNothingOfTheTextInItsErrors) {
  const auto statements = parse_statements(Dialect::postgresql, "SELECT 'canary {{canary}}'");
  ASSERT_FALSE(statements.ok());
  EXPECT_EQ(describe(statements.error()).find("canary"), std::string::npos);
}

}  // namespace
}  // namespace coffer::connectors
