// Between cofferd and coffer-exec: packets over one socket, with the descriptors of a run beside
// them. No secret passes here: programs read and write cofferd's own pipes.
// docs/formats/exec-protocol.md.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <variant>
#include <vector>

#include "coffer/base/bytes.h"
#include "coffer/base/result.h"
#include "coffer/programs/programs.h"

namespace coffer::programs {

inline constexpr int kControlSocket = 3;  ///< coffer-exec's end
inline constexpr std::size_t kMaxFrame = 8192;

/// Closes what it holds.
class File final {
 public:
  File() = default;
  explicit File(int number) noexcept : number_(number) {}
  File(File&& other) noexcept : number_(other.release()) {}
  File& operator=(File&& other) noexcept;
  File(const File&) = delete;
  File& operator=(const File&) = delete;
  ~File() { close(); }
  [[nodiscard]] int get() const noexcept { return number_; }
  [[nodiscard]] bool open() const noexcept { return number_ >= 0; }
  void close() noexcept;
  [[nodiscard]] int release() noexcept;

 private:
  int number_ = -1;
};

struct Declare {  ///< one program; only before Ready
  Program program;
};
struct Ready {};  ///< no more programs: answered with a Verdict
struct Run {      ///< with three descriptors: standard input, standard output, report
  std::uint32_t program = 0;
};
using Order = std::variant<Declare, Ready, Run>;
[[nodiscard]] Bytes encode(const Order& order);
[[nodiscard]] Result<Order> decode_order(ByteView frame);

/// Empty: all programs can be run.
[[nodiscard]] Bytes encode_verdict(std::string_view problem);
[[nodiscard]] Result<std::string> decode_verdict(ByteView frame);

/// What stands in a run's report pipe once it is over: two bytes, Ran::End and the status.
using Report = std::array<std::uint8_t, 2>;

inline constexpr std::size_t kMaxFiles = 3;
/// Blocks. unavailable: the other end is gone.
[[nodiscard]] Result<void> send_frame(int socket, ByteView frame, std::span<const int> files = {});
/// Gives the size, 0 at the end of the socket.
[[nodiscard]] Result<std::size_t> receive_frame(int socket, MutableByteView room,
                                                std::vector<File>& files);

}  // namespace coffer::programs
