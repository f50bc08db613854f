// A file of somebody else's.
#include <fcntl.h>
#include <sys/stat.h>

#include "coffer/audit/witness.h"
#include "system_call.h"

namespace coffer::audit {
namespace {

class FileWitness final : public Witness {
 public:
  explicit FileWitness(std::string path) : path_(std::move(path)) {}
  std::string name() const override { return "file"; }
  bool wants_proof() const override { return false; }

  Result<WitnessAnswer> add(const GrowthProof& proof) override {
    // Opened each time, so that whoever keeps it may rotate it; never made here, where it would
    // be the daemon's own.
    const UniqueFd file(
        ::open(path_.c_str(), O_WRONLY | O_APPEND | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK));
    if (!file.valid()) return failed("open", errno);
    struct stat status {};
    if (::fstat(file.get(), &status) != 0) return failed("fstat", errno);
    if (!S_ISREG(status.st_mode)) {
      return make_error(ErrorCode::precondition, "the witness file must be a regular file");
    }
    // Behind what an earlier write may have left torn; empty lines between notes are passed over.
    const std::string text =
        (after_torn_ && status.st_size > 0 ? "\n" : "") + proof.checkpoint + "\n";
    after_torn_ = true;
    const ssize_t written = ::write(file.get(), text.data(), text.size());
    if (written < 0) return failed("write", errno);
    if (static_cast<std::size_t>(written) != text.size()) return failed("write", ENOSPC);
    after_torn_ = false;
    if (::fdatasync(file.get()) != 0) return failed("fdatasync", errno);
    return WitnessAnswer{};
  }

 private:
  static Error failed(std::string_view call, int error_number) {
    Error error = system_error(call, error_number);
    error.text = "cannot append to the witness file";
    return error;
  }
  std::string path_;
  bool after_torn_ = true;  ///< a write before this may have come to half: before this process, too
};

}  // namespace

std::unique_ptr<Witness> make_file_witness(std::string path) {
  return std::make_unique<FileWitness>(std::move(path));
}

}  // namespace coffer::audit
