// policy: texts, why, test.
#include <fstream>

#include "cli_fixture.h"
#include "src/cli/policy_cases.h"

namespace coffer::cli {
namespace {

class PolicyCommands : public CliFixture {
 protected:
  std::string file(const std::string& name, const std::string& text) const {
    const std::string path = vault_.directory() + "/" + name;
    std::ofstream(path) << text;
    return path;
  }
  void decide(bool allowed) {
    vault_.answer("PUT /v1/sys/policies/explain", 200,
                  std::string(R"({"data":{"allowed":)") + (allowed ? "true" : "false") +
                      R"(,"rule":"secret/#1","policy":"app","why":"no update\nthere"}})");
  }
};

TEST_F(PolicyCommands, NamesAreListedOneALine) {
  vault_.answer("GET /v1/sys/policies/acl?list=true", 200,
                R"({"data":{"keys":["default","root"]}})");
  EXPECT_EQ(run({"policy", "list"}).out, "default\nroot\n");
  EXPECT_EQ(run({"policy", "list", "-format=json"}).out, "[\n  \"default\",\n  \"root\"\n]\n");
}

TEST_F(PolicyCommands, ATextComesBackByteForByte) {
  vault_.answer("GET /v1/sys/policies/acl/app", 200,
                R"({"data":{"name":"app","policy":"path \"a\" {}\n\n# \u0001end"}})");
  EXPECT_EQ(run({"policy", "read", "app"}).out, "path \"a\" {}\n\n# \001end");
  around_.terminal = true;
  EXPECT_EQ(run({"policy", "read", "app"}).out, "path \"a\" {}\n\n# \\x01end\n");
  EXPECT_EQ(run({"policy", "read", "none"}).err, "\033[31mNo policy named: none\033[0m\n");
  EXPECT_EQ(run({"policy", "read", "none"}).code, 2);
}

TEST_F(PolicyCommands, ATextIsWrittenFromAFileOrStandardInput) {
  vault_.answer("PUT /v1/sys/policies/acl/app", 204, "");
  EXPECT_EQ(run({"policy", "write", "app", file("app.hcl", "path \"a\" {}\n")}).out,
            "Success! Uploaded policy: app\n");
  EXPECT_EQ(last(), R"(PUT /v1/sys/policies/acl/app {"policy":"path \"a\" {}\n"})");
  around_.standard_input = "# piped";
  EXPECT_EQ(run({"policy", "write", "App", "-"}).code, 0);
  EXPECT_EQ(last(), R"(PUT /v1/sys/policies/acl/app {"policy":"# piped"})");
  EXPECT_EQ(run({"policy", "write", "app", "/nonexistent"}).code, 1);
  around_.standard_input = "\xff";
  EXPECT_EQ(run({"policy", "write", "app", "-"}).code, 1);
}

TEST_F(PolicyCommands, APolicyIsDeleted) {
  vault_.answer("DELETE /v1/sys/policies/acl/app", 204, "");
  EXPECT_EQ(run({"policy", "delete", "app"}).out, "Success! Deleted policy: app\n");
}

TEST_F(PolicyCommands, WhyAsksAboutPoliciesOrAnAccessor) {
  decide(false);
  run({"policy", "why", "-policy=a", "-policy=b", "-operation=update", "/secret/data/x/", "k=v"});
  EXPECT_EQ(last(),
            "PUT /v1/sys/policies/explain "
            R"({"policies":["a","b"],"operation":"update","path":"secret/data/x",)"
            R"("parameters":{"k":"v"}})");
  run({"policy", "why", "-accessor=acc", "-capability=list", "secret"});
  EXPECT_EQ(last(),
            "PUT /v1/sys/policies/explain "
            R"({"accessor":"acc","operation":"list","path":"secret"})");
  run({"policy", "why", "-decision=d-1"});
  EXPECT_EQ(last(), R"(PUT /v1/sys/policies/explain {"decision_id":"d-1"})");
}

TEST_F(PolicyCommands, WhyAsksAboutTheCallerWhenNobodyIsNamed) {
  decide(true);
  vault_.answer("GET /v1/auth/token/lookup-self", 200, R"({"data":{"policies":["mine"]}})");
  EXPECT_EQ(run({"policy", "why", "secret/x"}).code, 0);
  EXPECT_EQ(last(),
            "PUT /v1/sys/policies/explain "
            R"({"operation":"read","path":"secret/x","policies":["mine"]})");
}

TEST_F(PolicyCommands, WhyRefusesHalfAQuestion) {
  for (const std::vector<std::string>& words :
       std::vector<std::vector<std::string>>{{"policy", "why"},
                                             {"policy", "why", "-decision=d", "path"},
                                             {"policy", "why", "-decision=d", "-policy=a"},
                                             {"policy", "why", "-policy=a", "-accessor=b", "p"}}) {
    EXPECT_EQ(run(words).code, 1);
  }
  EXPECT_TRUE(vault_.requests().empty());
}

TEST_F(PolicyCommands, WhyShowsTheRuleAndThoseThatItBeats) {
  vault_.answer("PUT /v1/sys/policies/explain", 200,
                R"({"data":{"allowed":false,"rule":"secret/*","policy":"app","why":"not granted",
                    "operation":"update","path":"secret/x","time":"2026-01-02T03:04:05Z",
                    "caller":{"accessor":"acc","display_name":"web","policies":["app","default"]},
                    "candidates":[
                      {"path":"secret/*","policies":["app"],"capabilities":["list","read"],
                       "decided":true,"why":"longest prefix"},
                      {"path":"+/x","policies":["default"],"capabilities":["deny"],
                       "decided":false,"why":"wildcard comes earlier"}]}})");
  EXPECT_EQ(run({"policy", "why", "-policy=app", "secret/x"}).out,
            "Key          Value\n"
            "---          -----\n"
            "allowed      false\n"
            "operation    update\n"
            "path         secret/x\n"
            "rule         secret/*\n"
            "policy       app\n"
            "why          not granted\n"
            "caller       web\n"
            "accessor     acc\n"
            "policies     app, default\n"
            "time         2026-01-02T03:04:05Z\n"
            "\n"
            "Decided    Rule        Policies    Capabilities    Why\n"
            "-------    ----        --------    ------------    ---\n"
            "*          secret/*    app         list, read      longest prefix\n"
            "-          +/x         default     deny            wildcard comes earlier\n");
  EXPECT_EQ(run({"policy", "why", "-policy=app", "-field=rule", "secret/x"}).out, "secret/*");
}

TEST_F(PolicyCommands, ADecisionThatIsForgottenIsTwo) {
  const Outcome result = run({"policy", "why", "-decision=d-1"});
  EXPECT_EQ(result.code, 2);
  EXPECT_EQ(result.err, "No such decision: only the latest are kept\n");
}

TEST_F(PolicyCommands, CasesThatAreAsExpectedAreZero) {
  decide(true);
  const std::string cases = file("cases.json", R"([
      {"policies":["app"],"operation":"read","path":"secret/a","expect":"allow"},
      {"name":"the web may write","caller":{"policies":["web"]},"operation":"update",
       "path":"secret/b","parameters":{"k":"v"},"policy_texts":{"web":"@web.hcl","x":"# in place"},
       "expect":"allow"}])");
  file("web.hcl", "path \"secret/b\" {}");
  const Outcome result = run({"policy", "test", cases});
  EXPECT_EQ(result.code, 0);
  EXPECT_EQ(result.err, "");
  EXPECT_EQ(result.out, "TAP version 13\n1..2\nok 1 - read secret/a\nok 2 - the web may write\n");
  EXPECT_EQ(
      all(),
      (std::vector<std::string>{
          R"(PUT /v1/sys/policies/explain {"operation":"read","path":"secret/a","policies":["app"]})",
          R"(PUT /v1/sys/policies/explain {"operation":"update","path":"secret/b",)"
          R"("policies":["web"],"parameters":{"k":"v"},)"
          R"("texts":{"web":"path \"secret/b\" {}","x":"# in place"}})"}));
}

TEST_F(PolicyCommands, ACaseThatIsNotAsExpectedIsOneAndSaysWhy) {
  decide(false);
  around_.standard_input = R"([
      {"policies":["app"],"operation":"read","path":"secret/#a","expect":"allow"},
      {"policies":["app"],"operation":"read","path":"secret/b","expect":"deny"}])";
  const Outcome result = run({"policy", "test", "-"});
  EXPECT_EQ(result.code, 1);
  EXPECT_EQ(result.out,
            "TAP version 13\n1..2\n"
            "not ok 1 - read secret/\\#a\n"
            "# expected allow\n"
            "# rule: secret/\\#1\n"
            "# policy: app\n"
            "# why: no update there\n"
            "ok 2 - read secret/b\n");
  EXPECT_EQ(result.err, "1 of 2 cases aren't as expected\n");
}

TEST_F(PolicyCommands, ATestWithoutAnAnswerIsTwo) {
  vault_.answer("PUT /v1/sys/policies/explain", 403, R"({"errors":["permission denied"]})");
  around_.standard_input =
      R"([{"policies":["app"],"operation":"read","path":"a","expect":"deny"}])";
  const Outcome refused = run({"policy", "test", "-"});
  EXPECT_EQ(refused.code, 2);
  EXPECT_TRUE(refused.out.ends_with("Bail out! No decision\n"));
  vault_.answer("PUT /v1/sys/policies/explain", 200, R"({"data":{}})");
  EXPECT_EQ(run({"policy", "test", "-"}).code, 2);
}

TEST(PolicyCases, AreRefusedByNumberAndMember) {
  const auto refusal = [](const std::string& text) {
    const auto cases = read_policy_cases(text, [](const std::string&) -> Result<std::string> {
      return make_error(ErrorCode::invalid_argument, "no such file");
    });
    return cases.ok() ? "" : cases.error().text;
  };
  const std::string good = R"("policies":["a"],"operation":"read","path":"p","expect":"deny")";
  EXPECT_EQ(refusal("[{" + good + "}]"), "");
  EXPECT_EQ(refusal("{}"), "want a JSON array of cases");
  EXPECT_EQ(refusal("[]"), "want a JSON array of cases");
  EXPECT_EQ(refusal("[1]"), "case 1: not an object");
  EXPECT_EQ(refusal("[{" + good + "},{" + good + R"(,"expects":"deny"}])"),
            "case 2: unknown member \"expects\"");
  EXPECT_EQ(refusal(R"([{"policies":["a"],"operation":"read","path":"p"}])"),
            "case 1: \"expect\" must be a text");
  EXPECT_EQ(refusal(R"([{"policies":["a"],"operation":"read","path":"p","expect":"maybe"}])"),
            "case 1: \"expect\" must be \"allow\" or \"deny\"");
  EXPECT_EQ(refusal(R"([{"operation":"read","path":"p","expect":"deny"}])"),
            "case 1: \"policies\" must be a list of names");
  EXPECT_EQ(refusal(R"([{"policies":[1],"operation":"read","path":"p","expect":"deny"}])"),
            "case 1: \"policies\" must be a list of names");
  EXPECT_EQ(refusal(R"([{"policies":["a"],"operation":1,"path":"p","expect":"deny"}])"),
            "case 1: \"operation\" must be a text");
  EXPECT_EQ(refusal("[{" + good + R"(,"parameters":1}])"),
            "case 1: \"parameters\" must be an object");
  EXPECT_EQ(refusal("[{" + good + R"(,"policy_texts":{"a":1}}])"),
            "case 1: \"policy_texts\" must be an object of texts by name");
  EXPECT_EQ(refusal("[{" + good + R"(,"policy_texts":{"a":"@x"}}])"), "case 1: no such file");
}

}  // namespace
}  // namespace coffer::cli
