// Completion, as a shell asks for it.
#include "src/cli/completion.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <chrono>
#include <fstream>
#include <iterator>

#include "cli_fixture.h"
#include "src/cli/completion_words.h"

namespace coffer::cli {
namespace {

class Completion : public CliFixture {
 protected:
  Completion() {
    vault_.answer("GET /v1/sys/internal/ui/mounts", 200,
                  R"({"data":{"secret":{"secret/":{"type":"kv","options":{"version":"2"}},
                                        "team/old/":{"type":"kv","options":null},
                                        "sys/":{"type":"system"}},
                              "auth":{"token/":{"type":"token"}}}})");
    vault_.answer("GET /v1/secret/metadata?list=true", 200,
                  R"x({"data":{"keys":["app/","apple","b c","$(x)","bell\u0007"]}})x");
    vault_.answer("GET /v1/secret/metadata/app?list=true", 200, R"({"data":{"keys":["db","d/"]}})");
    vault_.answer("GET /v1/team/old?list=true", 200, R"({"data":{"keys":["plain"]}})");
    vault_.answer("GET /v1/sys/policies/acl?list=true", 200,
                  R"({"data":{"keys":["app","default"]}})");
  }

  /// The candidates for a line that ends at the cursor; '|' for line breaks.
  std::string at(const std::string& line, const std::string& shells_word = "?") {
    around_.environment["COMP_LINE"] = line;
    around_.environment["COMP_POINT"] = std::to_string(line.size());
    std::vector<std::string> arguments{"coffer"};
    if (shells_word != "?") arguments.push_back(shells_word);
    const Outcome result = run(arguments);
    EXPECT_EQ(result.code, 0);
    EXPECT_EQ(result.err, "");
    std::string text = result.out;
    for (char& c : text) c = c == '\n' ? '|' : c;
    return text;
  }
};

TEST_F(Completion, CommandsAreCompletedWordByWord) {
  EXPECT_EQ(at("coffer sec"), "secrets |");
  EXPECT_EQ(at("coffer kv "),
            "delete |destroy |enable-versioning |get |list |metadata |patch |put |rollback |scan "
            "|undelete |");
  EXPECT_EQ(at("coffer kv metadata p"), "patch |put |");
  EXPECT_EQ(at("coffer nonsense "), "");
  EXPECT_EQ(at("coffer"), "");
  EXPECT_TRUE(contains(at("coffer "), "read |"));
  EXPECT_TRUE(vault_.requests().empty());
}

TEST_F(Completion, OnlyWhatStandsBeforeTheCursorCounts) {
  around_.environment["COMP_LINE"] = "coffer kv ge secret/app";
  around_.environment["COMP_POINT"] = "12";
  EXPECT_EQ(run({"coffer"}).out, "get \n");
}

TEST_F(Completion, FlagsAndTheirValuesAreCompleted) {
  EXPECT_EQ(at("coffer kv get -ver"), "-version=|");
  EXPECT_EQ(at("coffer write -f"), "-f |-field=|-force |-format=|");
  EXPECT_EQ(at("coffer read -format=ya"), "-format=yaml |");
  EXPECT_EQ(at("coffer read -format y"), "yaml |");
  EXPECT_EQ(at("coffer kv patch -method="), "-method=patch |-method=rw |");
  EXPECT_EQ(at("coffer token create -policy=d"), "-policy=default |");
  EXPECT_EQ(at("coffer kv get -mount=se"), "-mount=secret/|");
}

// bash takes '=' and ':' for the ends of words, and replaces what stands behind them.
TEST_F(Completion, TheShellGetsWhatItWillReplace) {
  EXPECT_EQ(at("coffer read -format=ya", "ya"), "yaml |");
  EXPECT_EQ(at("coffer kv get secret/app/d", "secret/app/d"), "secret/app/d/|secret/app/db |");
}

TEST_F(Completion, SecretsAreAskedForWithTheirEngine) {
  EXPECT_EQ(at("coffer kv get "), "secret/|sys/|team/old/|");
  EXPECT_EQ(at("coffer kv get secret/ap"), "secret/app/|secret/apple |");
  EXPECT_EQ(at("coffer kv get -version 2 secret/app/"), "secret/app/d/|secret/app/db |");
  EXPECT_EQ(at("coffer kv get team/"), "team/old/|");
  EXPECT_EQ(at("coffer kv get team/old/"), "team/old/plain |");
  EXPECT_EQ(at("coffer kv get -mount=secret app/"), "app/d/|app/db |");
  EXPECT_EQ(at("coffer kv put secret/app/db "), "");
}

TEST_F(Completion, PathsAreThoseOfTheApi) {
  EXPECT_EQ(at("coffer read secret/d"), "secret/data/|secret/delete/|secret/destroy/|");
  EXPECT_EQ(at("coffer read secret/data/app/"), "secret/data/app/d/|secret/data/app/db |");
  EXPECT_EQ(at("coffer read auth/"), "auth/token/|");
  EXPECT_EQ(at("coffer policy read d"), "default |");
  EXPECT_EQ(at("coffer secrets tune te"), "team/old/|");
  EXPECT_EQ(at("coffer auth tune "), "token/|");
}

// What somebody stored must not become a command of whoever completes it.
TEST_F(Completion, NamesAreEscapedForTheShell) {
  EXPECT_EQ(at("coffer kv get secret/b"), "secret/b\\ c |");
  EXPECT_EQ(at("coffer kv get secret/b\\ "), "secret/b\\ c |");
  EXPECT_EQ(at("coffer kv get 'secret/b "), "secret/b\\ c |");
  EXPECT_EQ(at("coffer kv get secret/\\$"), "secret/\\$\\(x\\) |");
}

TEST_F(Completion, ItSendsTheTokenAndSaysNothingWithoutAnAnswer) {
  around_.environment["COFFER_TOKEN"] = "hvs.t";
  at("coffer policy read ");
  EXPECT_EQ(vault_.requests().back().headers.at("x-vault-token"), "hvs.t");
  vault_.answer("GET /v1/sys/policies/acl?list=true", 403, R"({"errors":["permission denied"]})");
  EXPECT_EQ(at("coffer policy read "), "");
  vault_.answer("GET /v1/sys/policies/acl?list=true", 200, "<html>");
  EXPECT_EQ(at("coffer policy read "), "");
  vault_.hang_up("GET /v1/sys/policies/acl?list=true");
  EXPECT_EQ(at("coffer policy read "), "");
  EXPECT_EQ(at("coffer policy read -address=nonsense "), "");
  around_.environment["COFFER_ADDR"] = "unix://" + vault_.directory() + "/nobody.sock";
  EXPECT_EQ(at("coffer policy read "), "");
  around_.environment["COFFER_ADDR"] = "nonsense";
  EXPECT_EQ(at("coffer policy read "), "");
}

TEST_F(Completion, ADaemonThatSaysNothingCostsASecondAtMost) {
  vault_.stay_silent();
  const auto before = std::chrono::steady_clock::now();
  EXPECT_EQ(at("coffer kv get secret/"), "");
  EXPECT_LT(std::chrono::steady_clock::now() - before, std::chrono::milliseconds(1000));
}

TEST(CompletionWords, AreThoseThatAShellWouldMake) {
  using Words = std::vector<std::string>;
  EXPECT_EQ(split_words(""), (Words{""}));
  EXPECT_EQ(split_words("a  b"), (Words{"a", "b"}));
  EXPECT_EQ(split_words("a b "), (Words{"a", "b", ""}));
  EXPECT_EQ(split_words("'a b' \"c 'd\" e\\ f \"g\\\"h\" 'i\\' ''"),
            (Words{"a b", "c 'd", "e f", "g\"h", "i\\", ""}));
  EXPECT_EQ(split_words("a 'b c"), (Words{"a", "b c"}));
  EXPECT_EQ(split_words("a\\"), (Words{"a\\"}));
}

class CompletionInstall : public CliFixture {
 protected:
  CompletionInstall() { around_.environment["HOME"] = vault_.directory(); }
  std::string path(const std::string& name) const { return vault_.directory() + "/" + name; }
  std::string text(const std::string& name) const {
    std::ifstream file(path(name));
    return {std::istreambuf_iterator<char>(file), {}};
  }
};

TEST_F(CompletionInstall, LinesAreAddedOnceAndTakenOutWhole) {
  std::ofstream(path(".bashrc")) << "alias x=y\nlast line without an end";
  std::ofstream(path(".zshrc")) << "";
  EXPECT_EQ(run({"-autocomplete-install"}).code, 0);
  const std::string once = text(".bashrc");
  EXPECT_TRUE(once.starts_with("alias x=y\nlast line without an end\ncomplete -o nospace -C '/"));
  EXPECT_TRUE(once.ends_with("' coffer # coffer completion\n"));
  EXPECT_TRUE(text(".zshrc").starts_with("autoload -U +X bashcompinit && bashcompinit"));
  EXPECT_EQ(run({"-autocomplete-install"}).code, 0);
  EXPECT_EQ(text(".bashrc"), once);
  EXPECT_EQ(run({"-autocomplete-uninstall"}).code, 0);
  EXPECT_EQ(text(".bashrc"), "alias x=y\nlast line without an end\n");
  EXPECT_EQ(text(".zshrc"), "");
  EXPECT_EQ(run({"-autocomplete-uninstall"}).out, "Completion was not installed\n");
}

TEST_F(CompletionInstall, ALinkAndItsModeStay) {
  ASSERT_EQ(::mkdir(path("dotfiles").c_str(), 0700), 0);
  std::ofstream(path("dotfiles/bashrc")) << "x\n";
  ASSERT_EQ(::chmod(path("dotfiles/bashrc").c_str(), 0640), 0);
  ASSERT_EQ(::symlink("dotfiles/bashrc", path(".bashrc").c_str()), 0);
  EXPECT_EQ(run({"-autocomplete-install"}).code, 0);
  struct stat status {};
  ASSERT_EQ(::lstat(path(".bashrc").c_str(), &status), 0);
  EXPECT_TRUE(S_ISLNK(status.st_mode));
  ASSERT_EQ(::stat(path("dotfiles/bashrc").c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777U, 0640U);
  EXPECT_TRUE(contains(text("dotfiles/bashrc"), "# coffer completion"));
}

TEST_F(CompletionInstall, WithoutAFileItSaysSoAndMakesNone) {
  const Outcome result = run({"-autocomplete-install"});
  EXPECT_EQ(result.code, 1);
  EXPECT_TRUE(contains(result.err, "there is no ~/.bashrc and no ~/.zshrc"));
  EXPECT_EQ(::access(path(".bashrc").c_str(), F_OK), -1);
}

}  // namespace
}  // namespace coffer::cli
