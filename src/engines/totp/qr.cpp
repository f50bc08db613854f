#include "qr.h"

#include <algorithm>
#include <array>
#include <cstdlib>

#include "qr_codewords.h"

namespace coffer::engines::totp {

QrCode::QrCode(int size)
    : size_(size), modules_(static_cast<std::size_t>(size) * static_cast<std::size_t>(size), 0) {}

/// Draws patterns, codewords and a mask into a code. Private to this file but for its friendship.
class QrPainter final {
 public:
  explicit QrPainter(const QrCodewords& words)
      : version_(words.version), code_(17 + 4 * words.version), fixed_(code_.size()) {
    draw_patterns();
    place(words.bytes);
  }

  /// With the mask that makes it the easiest to scan.
  QrCode painted() {
    int best = 0;
    int least = -1;
    for (int mask = 0; mask < 8; ++mask) {
      apply(mask);
      const int penalty = penalty_of_both_ways();
      if (least < 0 || penalty < least) {
        best = mask;
        least = penalty;
      }
      apply(mask);  // a second time takes it off
    }
    apply(best);
    return code_;
  }

 private:
  void set(int x, int y, bool dark) {
    code_.modules_[code_.at(x, y)] = dark ? 1 : 0;
    fixed_.modules_[fixed_.at(x, y)] = 1;
  }

  void draw_patterns() {
    const int size = code_.size();
    for (int i = 0; i < size; ++i) {
      set(6, i, i % 2 == 0);
      set(i, 6, i % 2 == 0);
    }
    draw_finder(3, 3);
    draw_finder(size - 4, 3);
    draw_finder(3, size - 4);
    const std::vector<int> places = alignments();
    for (const int x : places) {
      for (const int y : places) {
        const bool corner =
            (x == 6 && y == 6) || (x == 6 && y == size - 7) || (x == size - 7 && y == 6);
        if (!corner) draw_alignment(x, y);
      }
    }
    draw_format(0);
    draw_version();
  }

  void draw_finder(int x, int y) {
    for (int dy = -4; dy <= 4; ++dy) {
      for (int dx = -4; dx <= 4; ++dx) {
        const int ring = std::max(std::abs(dx), std::abs(dy));
        const bool inside =
            x + dx >= 0 && x + dx < code_.size() && y + dy >= 0 && y + dy < code_.size();
        if (inside) set(x + dx, y + dy, ring != 2 && ring != 4);
      }
    }
  }

  void draw_alignment(int x, int y) {
    for (int dy = -2; dy <= 2; ++dy) {
      for (int dx = -2; dx <= 2; ++dx) {
        set(x + dx, y + dy, std::max(std::abs(dx), std::abs(dy)) != 1);
      }
    }
  }

  /// Annex E.
  [[nodiscard]] std::vector<int> alignments() const {
    if (version_ == 1) return {};
    const int count = version_ / 7 + 2;
    const int step = version_ == 32 ? 26 : (version_ * 4 + count * 2 + 1) / (count * 2 - 2) * 2;
    std::vector<int> places{6};
    for (int i = count - 2; i >= 0; --i) places.push_back(code_.size() - 7 - i * step);
    return places;
  }

  /// Section 7.9: level M (0) and the mask, with a BCH code.
  void draw_format(int mask) {
    int rest = mask;
    for (int i = 0; i < 10; ++i) rest = rest << 1 ^ (rest >> 9) * 0x537;
    const int bits = (mask << 10 | rest) ^ 0x5412;
    const auto bit = [bits](int i) { return (bits >> i & 1) != 0; };
    const int size = code_.size();
    for (int i = 0; i <= 5; ++i) set(8, i, bit(i));
    set(8, 7, bit(6));
    set(8, 8, bit(7));
    set(7, 8, bit(8));
    for (int i = 9; i < 15; ++i) set(14 - i, 8, bit(i));
    for (int i = 0; i < 8; ++i) set(size - 1 - i, 8, bit(i));
    for (int i = 8; i < 15; ++i) set(8, size - 15 + i, bit(i));
    set(8, size - 8, true);
  }

  /// Section 7.10.
  void draw_version() {
    if (version_ < 7) return;
    int rest = version_;
    for (int i = 0; i < 12; ++i) rest = rest << 1 ^ (rest >> 11) * 0x1F25;
    const int bits = version_ << 12 | rest;
    for (int i = 0; i < 18; ++i) {
      const bool dark = (bits >> i & 1) != 0;
      const int a = code_.size() - 11 + i % 3;
      set(a, i / 3, dark);
      set(i / 3, a, dark);
    }
  }

  /// Section 7.7.3: two columns at a time, from the right, upwards and downwards in turn.
  void place(const std::vector<std::uint8_t>& bytes) {
    const int size = code_.size();
    std::size_t next = 0;
    bool up = true;
    for (int right = size - 1; right >= 1; right -= 2, up = !up) {
      if (right == 6) right = 5;
      for (int i = 0; i < size; ++i) {
        for (int x = right; x >= right - 1; --x) {
          const int y = up ? size - 1 - i : i;
          if (fixed_.dark(x, y) || next == bytes.size() * 8) continue;
          code_.modules_[code_.at(x, y)] = unsigned{bytes[next / 8]} >> (7 - next % 8) & 1U;
          ++next;
        }
      }
    }
  }

  /// Section 7.8.2.
  static bool masked(int mask, int x, int y) {
    switch (mask) {
      case 0: return (x + y) % 2 == 0;
      case 1: return y % 2 == 0;
      case 2: return x % 3 == 0;
      case 3: return (x + y) % 3 == 0;
      case 4: return (x / 3 + y / 2) % 2 == 0;
      case 5: return x * y % 2 + x * y % 3 == 0;
      case 6: return (x * y % 2 + x * y % 3) % 2 == 0;
      default: return ((x + y) % 2 + x * y % 3) % 2 == 0;
    }
  }

  void apply(int mask) {
    for (int y = 0; y < code_.size(); ++y) {
      for (int x = 0; x < code_.size(); ++x) {
        if (!fixed_.dark(x, y) && masked(mask, x, y)) code_.modules_[code_.at(x, y)] ^= 1U;
      }
    }
    draw_format(mask);
  }

  /// Section 7.8.3: runs, blocks, what looks like a finder, and more dark than light. Lines are
  /// looked at once across and once down.
  [[nodiscard]] int penalty_of_both_ways() const {
    const int size = code_.size();
    int penalty = 0;
    int dark = 0;
    for (int i = 0; i < size; ++i) {
      penalty += penalty_of_line([this, i](int j) { return code_.dark(j, i); });
      penalty += penalty_of_line([this, i](int j) { return code_.dark(i, j); });
      for (int j = 0; j < size; ++j) {
        dark += code_.dark(j, i) ? 1 : 0;
        if (i == 0 || j == 0) continue;
        const bool one = code_.dark(j, i);
        const bool block = one == code_.dark(j - 1, i) && one == code_.dark(j, i - 1) &&
                           one == code_.dark(j - 1, i - 1);
        penalty += block ? 3 : 0;
      }
    }
    return penalty + std::abs(dark * 20 - size * size * 10) / (size * size) * 10;
  }

  template <typename Line>
  [[nodiscard]] int penalty_of_line(const Line& line) const {
    int penalty = 0;
    int run = 0;
    unsigned last = 0;  // the last eleven modules
    for (int j = 0; j < code_.size(); ++j) {
      run = j > 0 && line(j) == line(j - 1) ? run + 1 : 1;
      penalty += run == 5 ? 3 : run > 5 ? 1 : 0;
      last = (last << 1U | (line(j) ? 1U : 0U)) & 0x7FFU;
      if (j >= 10 && (last == 0x5D0U || last == 0x05DU)) penalty += 40;
    }
    return penalty;
  }

  int version_;
  QrCode code_;
  QrCode fixed_;  ///< dark where a module isn't data
};

Result<QrCode> make_qr(std::string_view text) {
  COFFER_TRY(const QrCodewords words, qr_codewords(text));
  return QrPainter(words).painted();
}

}  // namespace coffer::engines::totp
