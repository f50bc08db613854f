// Which step is what.
#include <array>

#include "actions.h"

namespace coffer::ceremony {
namespace {

struct Action {
  std::string_view step;
  Result<Facts> (*run)(Ceremony&);
};

constexpr std::array kActions = {
    Action{"plan", show_plan},
    Action{"preflight", look_around},
    Action{"audit-before", note_checkpoint},
    Action{"audit-after", note_checkpoint_after},
    Action{"token", open_existing},
    Action{"pins", hand_out_pins},
    Action{"initialise", initialise},
    Action{"new-pins", hand_out_new_pins},
    Action{"change-user-pin", change_user_pin},
    Action{"change-so-pin", change_so_pin},
    Action{"keys", make_keys},
    Action{"attributes", hold_against_plan},
    Action{"enrolment", write_enrolment},
    Action{"decommission", destroy_keys},
};

}  // namespace

Result<Facts> perform(Ceremony& ceremony, const Step& step) {
  for (const Action& action : kActions) {
    if (action.step == step.id) return action.run(ceremony);
  }
  return run_program(ceremony, step.id);
}

}  // namespace coffer::ceremony
