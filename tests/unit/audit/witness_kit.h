// A witness in memory, and logs to give it.
#pragma once

#include "coffer/audit/witness.h"
#include "fakes/soft_signer.h"
#include "log_kit.h"

namespace coffer::audit::test {

/// As c2sp.org/tlog-witness says, in memory; shared by the witnesses of a test, for the daemon
/// starts anew and the witness doesn't.
struct Memory {
  std::optional<Checkpoint> known;
  std::vector<GrowthProof> asked;
  int fail_from = 0;  ///< the nth call from now on fails, once; 0: none
  std::string signature{};
  std::optional<Cosigner> key{};
  std::function<void()> when_asked{};
};

class MemoryWitness final : public Witness {
 public:
  MemoryWitness(Memory& memory, std::string name) : memory_(memory), name_(std::move(name)) {}
  std::string name() const override { return name_; }
  bool wants_proof() const override { return true; }
  const Cosigner* key() const override { return memory_.key ? &*memory_.key : nullptr; }

  Result<WitnessAnswer> add(const GrowthProof& proof) override {
    memory_.asked.push_back(proof);
    if (memory_.when_asked) memory_.when_asked();
    if (memory_.fail_from > 0 && --memory_.fail_from == 0) {
      return make_error(ErrorCode::unavailable, "cannot reach the witness");
    }
    const Checkpoint now = parse_checkpoint(proof.checkpoint)->checkpoint;
    const std::uint64_t size = memory_.known ? memory_.known->size : 0;
    if (proof.old_size != size) return WitnessAnswer{WitnessAnswer::Kind::other_size, size};
    if (size == now.size && memory_.known->root != now.root) {
      return WitnessAnswer{WitnessAnswer::Kind::other_size, size};
    }
    if (memory_.known &&
        !verify_consistency(size, memory_.known->root, now.size, now.root, proof.path).ok()) {
      return WitnessAnswer{WitnessAnswer::Kind::fork, size};
    }
    memory_.known = now;
    return WitnessAnswer{WitnessAnswer::Kind::taken, 0, memory_.signature};
  }

 private:
  Memory& memory_;
  std::string name_;
};

class WitnessTest : public LogTest {
 protected:
  [[nodiscard]] std::unique_ptr<Witnesses> make(std::vector<std::unique_ptr<Witness>> all) {
    return std::make_unique<Witnesses>(
        directory_.path(), std::move(all), std::chrono::seconds(60), clock_,
        [this](const std::string& name) { forks_.push_back(name); }, Witnesses::Threads::none);
  }
  [[nodiscard]] std::unique_ptr<Witnesses> make() {
    std::vector<std::unique_ptr<Witness>> all;
    all.push_back(std::make_unique<MemoryWitness>(memory_, "memory"));
    return make(std::move(all));
  }
  [[nodiscard]] std::unique_ptr<Witnesses> make_file(const std::string& path) {
    std::vector<std::unique_ptr<Witness>> all;
    all.push_back(make_file_witness(path));
    return make(std::move(all));
  }
  [[nodiscard]] std::string sign(Log& log) {
    const SyncedTree tree = *log.synced_tree();
    return *sign_checkpoint({log_origin(kNode), tree.size, tree.root}, signer_);
  }
  /// A log that has `lines` lines more, in small segments.
  [[nodiscard]] std::string grow(int lines, std::string_view type = "note") {
    LogConfig small = config();
    small.segment_bytes = 1500;
    const auto log = *open_log(small, clock_);
    for (int i = 0; i < lines; ++i) append(*log, {event(type)}, true);
    return sign(*log);
  }

  fakes::SoftSigner signer_{7};
  Memory memory_;
  std::vector<std::string> forks_;
};

}  // namespace coffer::audit::test
