// limit_database CONNINFO PREFIX CONNECTIONS SECONDS: how many users a second libpq alone makes,
// CREATE ROLE and GRANT in one transaction, at so many connections. Prints one JSON object.
#include <libpq-fe.h>

#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string>
#include <thread>
#include <vector>

namespace {

using Clock = std::chrono::steady_clock;
using Connection = std::unique_ptr<PGconn, decltype(&PQfinish)>;

// A verifier made once: what hashing costs is the vault's to pay.
constexpr const char* kVerifier =
    "SCRAM-SHA-256$4096:W22ZaJ0SNY7soEsUEjb6gQ==$WG5d8oPm3OtcPnkdi4Uo7BkeZkBFzpcXkuLmtbsT4qY=:"
    "wfPLwcE6nTWhTAmQ7tl2KeoiWGPlZqQxSrmfPwDl2dU=";

struct Shared {
  const char* conninfo;
  std::string prefix;
  Clock::time_point end;
  std::atomic<long> made{0};
  std::atomic<bool> failed{false};
};

void make_users(Shared& shared, int number) {
  const Connection connection(PQconnectdb(shared.conninfo), &PQfinish);
  for (long n = 0; Clock::now() < shared.end; ++n) {
    const std::string name =
        "\"" + shared.prefix + "-" + std::to_string(number) + "-" + std::to_string(n) + "\"";
    const std::string sql = "CREATE ROLE " + name + " WITH LOGIN PASSWORD '" + kVerifier +
                            "' VALID UNTIL '2037-01-01'; GRANT app_readers TO " + name;
    PGresult* result = PQexec(connection.get(), sql.c_str());
    const bool good = PQresultStatus(result) == PGRES_COMMAND_OK;
    PQclear(result);
    if (!good) {
      std::fprintf(stderr, "limit_database: %s", PQerrorMessage(connection.get()));
      shared.failed = true;
      return;
    }
    ++shared.made;
  }
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 5) {
    std::fprintf(stderr, "usage: limit_database CONNINFO PREFIX CONNECTIONS SECONDS\n");
    return 2;
  }
  const double seconds = std::atof(argv[4]);
  const auto time =
      std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(seconds));
  Shared shared{argv[1], argv[2], Clock::now() + time};
  std::vector<std::thread> threads;
  for (int i = 0; i < std::atoi(argv[3]); ++i)
    threads.emplace_back([&shared, i] { make_users(shared, i); });
  for (std::thread& thread : threads) thread.join();
  std::printf("{\"users_per_second\": %.1f}\n", static_cast<double>(shared.made) / seconds);
  return shared.failed ? 1 : 0;
}
