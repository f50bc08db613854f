// rotation … and watch: what they send, and what they print.
#include <algorithm>
#include <thread>

#include "cli_fixture.h"

namespace coffer::cli {
namespace {

class RotationCommands : public CliFixture {};

TEST_F(RotationCommands, AllAreListedWithWhatComesNext) {
  vault_.answer("GET /v1/sys/rotation?list=true", 200,
                R"({"data":{"keys":["secret/app","secret/b"],"key_info":{
    "secret/app":{"rotator":"exec","phase":"set","paused":false,"next":"2026-11-27T08:00:00Z",
                  "last":null,"failures":2,"trouble":"set: no"},
    "secret/b":{"rotator":"generate","phase":"idle","paused":true,"next":null,"last":null,
                "failures":0,"trouble":""}}}})");
  const std::string out = run({"rotation", "list"}).out;
  EXPECT_TRUE(
      contains(out, "secret/app    exec        set      2026-11-27T08:00:00Z    -       2 "));
  EXPECT_TRUE(contains(out, "set: no"));
  EXPECT_TRUE(contains(out, "secret/b      generate    idle     paused"));
  EXPECT_EQ(run({"rotation", "list", "-format=json"}).out,
            "[\n  \"secret/app\",\n  \"secret/b\"\n]\n");
  const std::string whole = run({"rotation", "list", "-detailed", "-format=json"}).out;
  EXPECT_TRUE(contains(whole, R"("failures": 2)"));
  EXPECT_TRUE(contains(whole, R"("trouble": "set: no")"));
}

TEST_F(RotationCommands, NoneAtAllIsTwo) { EXPECT_EQ(run({"rotation", "list"}).code, 2); }

TEST_F(RotationCommands, SetSendsWhatIsGiven) {
  vault_.answer("PUT /v1/secret/rotation/app", 200, R"({"data":{"rotator":"generate"}})");
  EXPECT_EQ(run({"rotation", "set", "secret/app", "rotator=generate", "period=30d"}).code, 0);
  EXPECT_EQ(last(), R"(PUT /v1/secret/rotation/app {"rotator":"generate","period":"30d"})");
  EXPECT_EQ(run({"rotation", "set", "secret/app"}).code, 1);
}

TEST_F(RotationCommands, TheOthersNameTheirSecret) {
  vault_.answer("GET /v1/secret/rotation/app", 200, R"({"data":{"phase":"idle"}})");
  EXPECT_EQ(run({"rotation", "status", "-field=phase", "secret/app"}).out, "idle");
  vault_.answer("PUT /v1/secret/rotate/app", 204, "");
  EXPECT_EQ(run({"rotation", "now", "secret/app"}).out, "Success! It is being rotated.\n");
  vault_.answer("PUT /v1/secret/rotation/app", 204, "");
  EXPECT_EQ(run({"rotation", "pause", "-mount=secret", "app"}).code, 0);
  EXPECT_EQ(last(), R"(PUT /v1/secret/rotation/app {"paused":true})");
  EXPECT_EQ(run({"rotation", "resume", "secret/app"}).code, 0);
  EXPECT_EQ(last(), R"(PUT /v1/secret/rotation/app {"paused":false})");
  vault_.answer("DELETE /v1/secret/rotation/app", 204, "");
  EXPECT_EQ(run({"rotation", "end", "secret/app"}).code, 0);
  vault_.answer("DELETE /v1/secret/rotation/app?force=true", 204, "");
  EXPECT_EQ(run({"rotation", "end", "-force", "secret/app"}).code, 0);
  EXPECT_EQ(last(), "DELETE /v1/secret/rotation/app?force=true");
}

TEST_F(RotationCommands, AnEngineWithoutVersionsIsAskedNothing) {
  EXPECT_EQ(run({"rotation", "now", "old/app"}).code, 1);
  EXPECT_EQ(all().size(), 1U);
}

TEST_F(RotationCommands, ReadersAreATable) {
  vault_.answer("GET /v1/secret/readers/app", 200,
                R"({"data":{"known_since":"t","readers":[{"accessor":"acc","name":"app",
                    "version":3,"last_read":"2026"}],"awaited":[],"unknown_readers":false}})");
  EXPECT_EQ(run({"rotation", "readers", "secret/app"}).out,
            "Name    Version    Last read    Accessor\n"
            "----    -------    ---------    --------\n"
            "app     3          2026         acc\n");
  vault_.answer("GET /v1/secret/readers/app", 200, R"({"data":{"readers":[]}})");
  EXPECT_EQ(run({"rotation", "readers", "secret/app"}).code, 2);
}

TEST_F(RotationCommands, WatchAsksForWhatComesAfterTheVersionThatItHas) {
  vault_.answer("GET /v1/secret/data/app?after_version=0&wait=30s", 200,
                R"({"data":{"data":{"p":"x"},"metadata":{"version":3,"created_time":"t3"}}})");
  vault_.answer("GET /v1/secret/data/app?after_version=3&wait=30s", 200,
                R"({"data":{"data":{"p":"y"},"metadata":{"version":4,"created_time":"t4"}}})");
  EXPECT_EQ(run({"watch", "-count=2", "secret/app"}).out, "3 t3\n4 t4\n");
  EXPECT_EQ(run({"watch", "-count=1", "-data", "-after=3", "secret/app"}).out,
            "4 t4 {\"p\":\"y\"}\n");
  EXPECT_EQ(run({"watch", "-count=1", "-data", "-format=json", "secret/app"}).out,
            R"({"version":3,"created_time":"t3","deleted":false,"data":{"p":"x"}})"
            "\n");
}

TEST_F(RotationCommands, WatchRefusesACountOfNothing) {
  for (const char* count : {"-count=0", "-count=-1", "-count=9223372036854775808"}) {
    const Outcome watched = run({"watch", count, "secret/app"});
    EXPECT_EQ(watched.code, 1);
    EXPECT_NE(watched.err.find("-count"), std::string::npos) << watched.err;
  }
}

TEST_F(RotationCommands, WatchTellsADeletion) {
  vault_.answer("GET /v1/secret/data/app?after_version=0&wait=30s", 404,
                R"({"data":{"data":null,"metadata":{"version":3,"created_time":"t3"}}})");
  EXPECT_EQ(run({"watch", "-count=1", "secret/app"}).out, "3 t3 deleted\n");
}

TEST_F(RotationCommands, WatchGoesOnWhenADaemonThatWasBusyAnswersAgain) {
  const std::string request = "GET /v1/secret/data/app?after_version=0&wait=30s";
  vault_.answer(request, 503, R"({"errors":["the token is slow to answer"]})");
  std::thread mends([&] {
    const auto asked = [&] {
      const auto seen = all();
      return std::any_of(seen.begin(), seen.end(),
                         [&](const std::string& line) { return line.starts_with(request); });
    };
    while (!asked()) std::this_thread::sleep_for(std::chrono::milliseconds(5));
    vault_.answer(request, 200,
                  R"({"data":{"data":{"p":"x"},"metadata":{"version":3,"created_time":"t3"}}})");
  });
  const Outcome watched = run({"watch", "-count=1", "secret/app"});
  mends.join();
  EXPECT_EQ(watched.code, 0);
  EXPECT_EQ(watched.out, "3 t3\n");
  EXPECT_TRUE(contains(watched.err, "it is asked again")) << watched.err;
}

TEST_F(RotationCommands, WatchEndsWhereItMayNotRead) {
  vault_.answer("GET /v1/secret/data/app?after_version=0&wait=30s", 403,
                R"({"errors":["permission denied"]})");
  EXPECT_EQ(run({"watch", "secret/app"}).code, 2);
}

}  // namespace
}  // namespace coffer::cli
