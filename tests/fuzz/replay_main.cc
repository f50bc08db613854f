// Feeds a fuzz target its corpus without libFuzzer, so that every build replays what fuzzing found:
// each file as it is, cut at every length (up to a bound), and with generated changes.
//
//   replay_NAME CORPUS_DIRECTORY
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <system_error>
#include <vector>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace {

using Input = std::vector<std::uint8_t>;

constexpr std::size_t kMutationsOfAFile = 200;
constexpr std::size_t kMostCuts = 512;

/// xorshift64*: the same mutations in every run, so that a failure comes back.
class Random {
 public:
  std::uint64_t next() {
    state_ ^= state_ >> 12U;
    state_ ^= state_ << 25U;
    state_ ^= state_ >> 27U;
    return state_ * 0x2545F4914F6CDD1DULL;
  }
  std::size_t below(std::size_t bound) { return static_cast<std::size_t>(next() % bound); }

 private:
  std::uint64_t state_ = 0x9E3779B97F4A7C15ULL;
};

/// A buffer of exactly the input's size, so that a sanitizer sees a read past its end.
void feed(const Input& input) {
  const Input exact(input.begin(), input.end());
  LLVMFuzzerTestOneInput(exact.data(), exact.size());
}

void mutate(Input& input, Random& random) {
  if (input.empty()) {
    input.push_back(static_cast<std::uint8_t>(random.next()));
    return;
  }
  const std::size_t at = random.below(input.size());
  const auto place = input.begin() + static_cast<std::ptrdiff_t>(at);
  switch (random.below(5)) {
    case 0: input[at] ^= static_cast<std::uint8_t>(1U << random.below(8)); break;
    case 1: input[at] = static_cast<std::uint8_t>(random.next()); break;
    case 2: input.erase(place); break;
    case 3: input.insert(place, static_cast<std::uint8_t>(random.next())); break;
    default: {
      const Input tail(place, input.end());
      input.insert(place, tail.begin(), tail.end());
    }
  }
}

void replay(const Input& seed, Random& random) {
  feed(seed);
  const std::size_t cuts = seed.size() < kMostCuts ? seed.size() : kMostCuts;
  for (std::size_t size = 0; size < cuts; ++size) {
    feed(Input(seed.begin(), seed.begin() + static_cast<std::ptrdiff_t>(size)));
  }
  for (std::size_t i = 0; i < kMutationsOfAFile; ++i) {
    Input changed = seed;
    for (std::size_t changes = 1 + random.below(4); changes > 0; --changes) {
      mutate(changed, random);
    }
    feed(changed);
  }
}

std::vector<Input> read_corpus(const char* directory) {
  std::vector<Input> corpus;
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator(directory, error)) {
    std::ifstream file(entry.path(), std::ios::binary);
    corpus.emplace_back(std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>());
  }
  return corpus;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) {
    std::fprintf(stderr, "usage: %s CORPUS_DIRECTORY\n", argv[0]);
    return 2;
  }
  const std::vector<Input> corpus = read_corpus(argv[1]);
  if (corpus.empty()) {
    std::fprintf(stderr, "no corpus in %s: nothing was tried\n", argv[1]);
    return 1;
  }
  Random random;
  feed({});
  for (const Input& seed : corpus) replay(seed, random);
  std::printf("%zu inputs and their mutations replayed\n", corpus.size());
  return 0;
}
