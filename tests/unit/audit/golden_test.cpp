// The worked example of docs/formats/audit-log.md, byte for byte; and the golden file of format 1,
// which every later version must go on reading.
#include "coffer/audit/trail.h"
#include "log_kit.h"

namespace coffer::audit {
namespace {

const std::string kGolden = std::string(COFFER_TEST_DATA) + "/golden/audit";

class GoldenTest : public test::LogTest {
 protected:
  GoldenTest() {
    LogConfig wanted = config();
    wanted.node = *parse_uuid("0b5f8d5e-3c62-4f0a-9b1e-5d2c7a4e8f10");
    auto log = open_log(wanted, clock_);
    EXPECT_TRUE(log.ok());
    log_ = std::move(*log);
    auto key = SecureBytes::copy_of(as_bytes(std::string(32, 'k')));
    hasher_ = std::make_shared<const Hasher>(std::move(*key), 1);
    trail_ = std::make_unique<Trail>(*log_, hasher_, clock_);
  }

  model::Request request(model::Operation operation, std::string_view id) {
    clock_.now += std::chrono::milliseconds(1500);
    model::Request request;
    request.id = *parse_uuid(id);
    request.time = clock_.now;
    request.operation = operation;
    request.path = "secret/data/app";
    clock_.now += std::chrono::microseconds(250);
    return request;
  }

  Ticket decided(const model::Request& request, const model::Decision& decision) {
    Ticket ticket = trail_->open(request, peer_);
    ticket.routed("secret/", "kv");
    model::Caller caller{"sJvVdhqTzQwFZ2", "app", {"default", "app"}, "service", {}};
    hasher_->append(caller.token_hash, "hvs.example");
    ticket.identified(caller);
    ticket.decided(decision);
    return ticket;
  }

  void write_example() {
    const model::Decision allowed{true, "secret/data/*", "app", {}};
    auto put = request(model::Operation::create, "7d0f5a52-9a8f-4a2e-8a39-0c7f8f0f6c01");
    put.fields =
        std::move(*model::Fields::parse(R"({"data":{"user":"app","password":"hunter2"}})"));
    model::Response stored;
    stored.data = R"({"created_time":"2026-01-01T00:00:01.50025Z","version":1,"destroyed":false})";
    const Entry first = decided(put, allowed).close(stored);
    append(*log_, {*first.request}, true);
    append(*log_, {first.response}, true);

    const auto removal = request(model::Operation::remove, "7d0f5a52-9a8f-4a2e-8a39-0c7f8f0f6c02");
    const Entry second = decided(removal, {false, "secret/data/*", "app", {}})
                             .close(make_error(ErrorCode::permission_denied, "permission denied"));
    append(*log_, {*second.request, second.response, trail_->system_line("stop", "told to stop")},
           true);
  }

  const model::Peer peer_{1000, 1000, 4242, {}, "app.service"};
  std::unique_ptr<Log> log_;
  std::shared_ptr<const Hasher> hasher_;
  std::unique_ptr<Trail> trail_;
};

TEST_F(GoldenTest, ExampleIsWrittenByteForByte) {
  write_example();
  EXPECT_EQ(test::read_all(segment()),
            test::read_all(kGolden + "/format-1/" + std::string(test::kFirstSegment)));
}

TEST_F(GoldenTest, GoldenFileVerifies) {
  const auto seen = verify_directory(kGolden + "/format-1");
  ASSERT_TRUE(seen.ok()) << describe(seen.error());
  EXPECT_EQ(seen->lines, 6U);
  EXPECT_EQ(seen->open_requests, 0U);
}

TEST_F(GoldenTest, GoldenFileIsContinuedByTheDaemonOfToday) {
  log_.reset();
  test::write_all(segment(),
                  test::read_all(kGolden + "/format-1/" + std::string(test::kFirstSegment)));
  LogConfig wanted = config();
  wanted.node = *parse_uuid("0b5f8d5e-3c62-4f0a-9b1e-5d2c7a4e8f10");
  const auto log = open_log(wanted, clock_);
  ASSERT_TRUE(log.ok()) << describe(log.error());
  expect_good(7);
}

TEST_F(GoldenTest, PageShowsTheGoldenFileAndItsHead) {
  const std::string page =
      test::read_all(std::string(COFFER_TEST_DATA) + "/../docs/formats/audit-log.md");
  const std::string golden =
      test::read_all(kGolden + "/format-1/" + std::string(test::kFirstSegment));
  EXPECT_NE(page.find("\n" + golden + "```"), std::string::npos);
  EXPECT_NE(page.find(test::hash_of(test::split(golden).back())), std::string::npos);
}

}  // namespace
}  // namespace coffer::audit
