// Recursive listings show what the caller may see, and nothing else.
#include <set>

#include "kv_kit.h"

namespace coffer::engines::kv {
namespace {

using ScanTest = KvTest;

/// A caller who may do what is in the list: "read secret/data/a".
class Granted final : public engine::Access {
 public:
  explicit Granted(std::set<std::string> grants) : grants_(std::move(grants)) {}
  [[nodiscard]] bool may(Operation operation, std::string_view path) const override {
    return grants_.contains(std::string(model::to_string(operation)) + " " + std::string(path));
  }
  [[nodiscard]] bool has_sudo(std::string_view) const override { return false; }

 private:
  std::set<std::string> grants_;
};

/// One scan as that caller, without the pipeline.
std::string scan_as(Kv& kv, const std::string& path, const std::set<std::string>& grants) {
  const auto mounts = kv.vault.mounts();
  const auto route = mounts->find(path);
  model::Request request{
      .id = {}, .time = {}, .operation = Operation::scan, .path = path, .fields = {}};
  const Granted access(grants);
  const model::Evidence evidence{kv.vault.peer, {}};
  audit::Ticket ticket = kv.vault.trail->open(request, kv.vault.peer);
  const auto tx = kv.vault.begin();
  std::function<void()> then;
  engine::Context context{ticket, *tx, nullptr, *route->mount, {}, access, then, evidence};
  const Answer answer = route->engine->handle(context, request, route->path);
  static_cast<void>(answer.ok() ? std::move(ticket).close(*answer)
                                : std::move(ticket).close(answer.error()));
  return Kv::names_of(answer);
}

TEST_F(ScanTest, ShowsAllKeysBelowAPath) {
  for (const char* path : {"b", "a/x/1", "a/x/2", "a", "a-b", "c/y"}) ASSERT_TRUE(write(path).ok());
  EXPECT_EQ(scan(), "a a-b a/x/1 a/x/2 b c/y");
  EXPECT_EQ(scan("a/"), "x/1 x/2");
  EXPECT_EQ(scan("a/x/"), "1 2");
  EXPECT_EQ(scan("none/"), "none");
}

TEST_F(ScanTest, ShowsWhatTheCallerMayReadAndNothingElse) {
  for (const char* path : {"open", "hidden", "f/open", "f/hidden", "g/deep/down"}) {
    ASSERT_TRUE(write(path).ok());
  }
  EXPECT_EQ(scan_as(*this, "secret/metadata/", {}), "none");
  EXPECT_EQ(scan_as(*this, "secret/metadata/",
                    {"read secret/data/open", "read secret/metadata/f/open",
                     "list secret/metadata/f/", "update secret/data/hidden"}),
            "f/open open");
  EXPECT_EQ(scan_as(*this, "secret/metadata/g/", {"read secret/data/g/deep/down"}), "deep/down");
}

TEST_F(ScanTest, OfVersionOneAsksForThePathItself) {
  for (const char* path : {"plain/a", "plain/f/b", "plain/f/c"}) {
    ASSERT_TRUE(vault.call(Operation::update, path, R"({"x":1})").ok());
  }
  EXPECT_EQ(names_of(vault.call(Operation::scan, "plain/")), "a f/b f/c");
  EXPECT_EQ(scan_as(*this, "plain/", {"read plain/f/c", "read plain/data/a"}), "f/c");
}

TEST_F(ScanTest, IsDeepAsPathsAre) {
  std::string path;
  for (int i = 0; i < 29; ++i) path += "f/";
  ASSERT_TRUE(write(path + "key").ok());
  EXPECT_EQ(scan(), path + "key");
}

}  // namespace
}  // namespace coffer::engines::kv
