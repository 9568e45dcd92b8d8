"""What the statistics of a co-occurrence matrix are called, here and in other tools.

Each table holds pairs: the name in a column, and which of `STATISTICS` it is. Where tools define a
statistic in different ways, they are different `STATISTICS`.
"""

from __future__ import annotations

from texturekit.kernels.folded_sums import STATISTICS
from texturekit.kernels.pairs import SUMS

MCC = "max_correlation_coefficient"  # only where it is asked for
MEASURED = (*STATISTICS, MCC)

Names = tuple[tuple[str, str], ...]


def _same(*names: str) -> Names:
    return tuple((name, name) for name in names)


TEXTUREKIT: Names = (
    *_same(*(name for name in SUMS if name != "difference_energy"), "energy"),
    ("homogeneity", "idm"),
)
IBSI: Names = (
    ("joint_max", "joint_maximum"),
    ("joint_avg", "joint_average"),
    ("joint_var", "joint_variance"),
    ("joint_entr", "joint_entropy"),
    ("diff_avg", "dissimilarity"),
    ("diff_var", "difference_variance"),
    ("diff_entr", "difference_entropy"),
    ("sum_avg", "sum_average"),
    ("sum_var", "sum_variance"),
    ("sum_entr", "sum_entropy"),
    ("energy", "asm"),
    *_same("contrast", "dissimilarity"),
    ("inv_diff", "inverse_difference"),
    ("inv_diff_norm", "inverse_difference_normalised"),
    ("inv_diff_mom", "idm"),
    ("inv_diff_mom_norm", "idm_normalised"),
    ("inv_var", "inverse_variance"),
    ("corr", "correlation"),
    ("auto_corr", "autocorrelation"),
    ("clust_tend", "sum_variance"),
    ("clust_shade", "cluster_shade"),
    ("clust_prom", "cluster_prominence"),
    ("info_corr1", "imc1"),
    ("info_corr2", "imc2"),
)
PYRADIOMICS: Names = (
    ("autocorrelation", "autocorrelation"),
    ("jointaverage", "joint_average"),
    ("clusterprominence", "cluster_prominence"),
    ("clustershade", "cluster_shade"),
    ("clustertendency", "sum_variance"),
    *_same("contrast", "correlation"),
    ("differenceaverage", "dissimilarity"),
    ("differenceentropy", "difference_entropy"),
    ("differencevariance", "difference_variance"),
    ("jointenergy", "asm"),
    ("jointentropy", "joint_entropy"),
    *_same("imc1", "imc2", "idm"),
    ("mcc", MCC),
    ("idmn", "idm_normalised"),
    ("id", "inverse_difference"),
    ("idn", "inverse_difference_normalised"),
    ("inversevariance", "inverse_variance"),
    ("maximumprobability", "joint_maximum"),
    ("sumaverage", "sum_average"),
    ("sumentropy", "sum_entropy"),
    ("sumsquares", "joint_variance"),
)
MAHOTAS: Names = (
    ("angular_second_moment", "asm"),
    *_same("contrast", "correlation"),
    ("sum_of_squares_variance", "joint_variance"),
    ("inverse_difference_moment", "idm"),
    ("sum_average", "sum_average_from_0"),
    *_same("sum_variance", "sum_entropy"),
    ("entropy", "joint_entropy"),
    ("difference_variance", "difference_probability_variance"),
    ("difference_entropy", "difference_entropy"),
    ("information_measure_of_correlation_1", "imc1"),
    ("information_measure_of_correlation_2", "imc2"),
)
SKIMAGE: Names = (
    *_same("contrast", "dissimilarity"),
    ("homogeneity", "idm"),
    *_same("asm", "energy", "correlation"),
    ("mean", "joint_average_from_0"),
    ("variance", "joint_variance"),
    ("std", "joint_deviation"),
    ("entropy", "joint_entropy_in_nats"),
)
SYSTEMS = {
    "texturekit": TEXTUREKIT,
    "ibsi": IBSI,
    "pyradiomics": PYRADIOMICS,
    "mahotas": MAHOTAS,
    "skimage": SKIMAGE,
}
