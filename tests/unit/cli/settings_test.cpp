#include "src/cli/settings.h"

#include <gtest/gtest.h>

#include <map>

#include "src/cli/duration.h"

namespace coffer::cli {
namespace {

using Variables = std::map<std::string, std::string>;

Result<Settings> resolve(const std::vector<std::string>& flags, const Variables& variables) {
  const Environment environment([&variables](const std::string& name) -> const char* {
    const auto found = variables.find(name);
    return found == variables.end() ? nullptr : found->second.c_str();
  });
  const auto arguments = parse_arguments({}, flags);
  EXPECT_TRUE(arguments.ok());
  return resolve_settings(arguments->flags, environment);
}

std::string address(const std::vector<std::string>& flags, const Variables& variables) {
  const auto settings = resolve(flags, variables);
  return settings.ok() ? settings->address.text : "error";
}

TEST(Settings, TheAddressIsTheFlagThenOurVariableThenTheOthers) {
  const Variables all{
      {"COFFER_ADDR", "unix:///c"}, {"BAO_ADDR", "unix:///b"}, {"VAULT_ADDR", "unix:///v"}};
  EXPECT_EQ(address({"-address=unix:///f"}, all), "unix:///f");
  EXPECT_EQ(address({}, all), "unix:///c");
  EXPECT_EQ(address({}, {{"BAO_ADDR", "unix:///b"}, {"VAULT_ADDR", "unix:///v"}}), "unix:///b");
  EXPECT_EQ(address({}, {{"VAULT_ADDR", "unix:///v"}}), "unix:///v");
  EXPECT_EQ(address({}, {}), "unix:///run/coffer/coffer.sock");
}

TEST(Settings, AVariableThatIsSetButEmptyTakesTheOthersBack) {
  EXPECT_EQ(address({}, {{"COFFER_ADDR", ""}, {"VAULT_ADDR", "unix:///v"}}),
            "unix:///run/coffer/coffer.sock");
}

TEST(Settings, AnAgentIsSpokenToInstead) {
  EXPECT_EQ(address({"-address=unix:///f"}, {{"VAULT_AGENT_ADDR", "unix:///a"}}), "unix:///a");
  EXPECT_EQ(address({"-agent-address=unix:///g"}, {{"VAULT_AGENT_ADDR", "unix:///a"}}),
            "unix:///g");
}

TEST(Settings, AUnixAddressHasASocketAndALocalUrl) {
  const auto parsed = parse_address("unix:///run/x y.sock");
  ASSERT_TRUE(parsed.ok());
  EXPECT_EQ(parsed->socket_path, "/run/x y.sock");
  EXPECT_EQ(parsed->url, "http://localhost");
}

TEST(Settings, ATcpAddressHasNoSocketAndNoSlashAtTheEnd) {
  const auto parsed = parse_address("https://vault.example:8200/");
  ASSERT_TRUE(parsed.ok());
  EXPECT_EQ(parsed->socket_path, "");
  EXPECT_EQ(parsed->url, "https://vault.example:8200");
  EXPECT_TRUE(parse_address("http://[::1]:8200").ok());
}

TEST(Settings, AnythingElseIsNoAddress) {
  for (const std::string& bad :
       {std::string("unix://relative"), std::string("unix://"), std::string("/run/x.sock"),
        std::string("ftp://host"), std::string("http://"), std::string("http://user:pw@host"),
        std::string("http://host/path"), std::string("http://host?x"), std::string("http://a b"),
        std::string("http://a\r\nX: y"), "unix:///" + std::string(107, 'x')}) {
    const auto parsed = parse_address(bad);
    ASSERT_FALSE(parsed.ok()) << bad;
    EXPECT_EQ(parsed.error().code, ErrorCode::invalid_argument);
  }
  EXPECT_TRUE(parse_address("unix:///" + std::string(106, 'x')).ok());
}

TEST(Settings, TheFormatIsTheFlagOrTheVariable) {
  EXPECT_EQ(resolve({}, {})->format, Format::table);
  EXPECT_EQ(resolve({}, {{"VAULT_FORMAT", "json"}})->format, Format::json);
  EXPECT_EQ(resolve({"-format=yml"}, {{"COFFER_FORMAT", "json"}})->format, Format::yaml);
  EXPECT_EQ(resolve({"-format=raw"}, {})->format, Format::raw);
  EXPECT_EQ(resolve({"-format=pretty"}, {})->format, Format::pretty);
  EXPECT_FALSE(resolve({"-format=xml"}, {}).ok());
}

TEST(Settings, TheTimeoutIsSecondsOrADuration) {
  using std::chrono::seconds;
  EXPECT_EQ(resolve({}, {})->timeout, seconds(60));
  EXPECT_EQ(resolve({}, {{"VAULT_CLIENT_TIMEOUT", "5"}})->timeout, seconds(5));
  EXPECT_EQ(resolve({}, {{"COFFER_CLIENT_TIMEOUT", "1m30s"}})->timeout, seconds(90));
  EXPECT_FALSE(resolve({}, {{"VAULT_CLIENT_TIMEOUT", "soon"}}).ok());
  // libcurl reads 0 as for ever.
  EXPECT_FALSE(resolve({}, {{"VAULT_CLIENT_TIMEOUT", "0"}}).ok());
}

TEST(Settings, TlsAndNamespaceComeFromFlagsOrVariables) {
  const auto settings = resolve({"-ca-cert=/f.pem", "-ns=team", "-tls-skip-verify=false"},
                                {{"VAULT_CACERT", "/e.pem"},
                                 {"VAULT_CLIENT_KEY", "/k.pem"},
                                 {"VAULT_SKIP_VERIFY", "true"},
                                 {"VAULT_NAMESPACE", "other"}});
  ASSERT_TRUE(settings.ok());
  EXPECT_EQ(settings->tls.ca_cert, "/f.pem");
  EXPECT_EQ(settings->tls.client_key, "/k.pem");
  EXPECT_FALSE(settings->tls.skip_verify);
  EXPECT_EQ(settings->name_space, "team");
  EXPECT_TRUE(resolve({}, {{"VAULT_SKIP_VERIFY", "1"}})->tls.skip_verify);
}

TEST(Settings, HeadersAreSplitAtTheFirstEqualsSign) {
  const auto settings = resolve({"-header=X-A=b=c", "-header=X-D=e f"}, {});
  ASSERT_TRUE(settings.ok());
  ASSERT_EQ(settings->headers.size(), 2U);
  EXPECT_EQ(settings->headers[0], std::make_pair(std::string("X-A"), std::string("b=c")));
  EXPECT_EQ(settings->headers[1].second, "e f");
}

TEST(Settings, NothingCanSmuggleAHeaderIn) {
  EXPECT_FALSE(resolve({"-header=X-A=b\r\nX-Vault-Token: evil"}, {}).ok());
  EXPECT_FALSE(resolve({"-header=X A=b"}, {}).ok());
  EXPECT_FALSE(resolve({"-header=noequals"}, {}).ok());
  EXPECT_FALSE(resolve({"-namespace=a\r\nX: y"}, {}).ok());
  EXPECT_FALSE(resolve({"-wrap-ttl=5m\r\nX: y"}, {}).ok());
  EXPECT_TRUE(resolve({"-wrap-ttl=5m"}, {}).ok());
}

TEST(Settings, NoColorIsAnyValueThatIsNotEmpty) {
  const auto refused = [](const Variables& variables) {
    return color_refused(Environment([&variables](const std::string& name) -> const char* {
      const auto found = variables.find(name);
      return found == variables.end() ? nullptr : found->second.c_str();
    }));
  };
  EXPECT_TRUE(refused({{"NO_COLOR", "0"}}));
  EXPECT_TRUE(refused({{"VAULT_CLI_NO_COLOR", "1"}}));
  EXPECT_FALSE(refused({{"NO_COLOR", ""}}));
  EXPECT_FALSE(refused({}));
}

TEST(Duration, IsReadAndPrintedAsVaultDoes) {
  using std::chrono::milliseconds;
  using std::chrono::seconds;
  EXPECT_EQ(*parse_duration("1h30m"), milliseconds(5'400'000));
  EXPECT_EQ(*parse_duration("250ms"), milliseconds(250));
  for (const char* bad :
       {"", "h", "-1s", "1x", "5s3", "1.5h", "99999999999999999999", "9000000000000h", "9000h"}) {
    EXPECT_FALSE(parse_duration(bad).ok()) << bad;
  }
  EXPECT_EQ(format_duration(seconds(0)), "0s");
  EXPECT_EQ(format_duration(seconds(45)), "45s");
  EXPECT_EQ(format_duration(seconds(3600)), "1h");
  EXPECT_EQ(format_duration(seconds(5430)), "1h30m30s");
  EXPECT_EQ(format_duration(seconds(2764800)), "768h");
}

}  // namespace
}  // namespace coffer::cli
