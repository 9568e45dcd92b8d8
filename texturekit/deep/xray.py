"""Cards of torchxrayvision's networks, trained on chest radiographs.

Labels, operating points and addresses are those of torchxrayvision 1.5.7, ``models.model_urls``.
"""

from __future__ import annotations

from texturekit.deep.card import Backbone, Output

#: Names of the 18 outputs, in their order: torchxrayvision's ``default_pathologies``.
LABELS = (
    "Atelectasis", "Consolidation", "Infiltration", "Pneumothorax", "Edema", "Emphysema",
    "Fibrosis", "Effusion", "Pneumonia", "Pleural_Thickening", "Cardiomegaly", "Nodule", "Mass",
    "Hernia", "Lung Lesion", "Fracture", "Lung Opacity", "Enlarged Cardiomediastinum",
)  # fmt: skip

_TAIL = "-densenet121-d121-tw-lr001-rot45-tr15-sc15-seed0-best.pt"


def _card(name: str, stem: str, data: str, points: str) -> Backbone:
    return Backbone(
        name=f"densenet121-res224-{name}",
        architecture="densenet121",
        width=1024,
        features="output of features after the final ReLU",
        smallest=29,
        weights=f"densenet121-res224-{name}, trained on {data}",
        file=stem + _TAIL,
        megabytes=None,
        top1=None,
        paper="Cohen et al. (2022), arXiv:2111.00595; Cohen et al. (2020), arXiv:2002.02497",
        batch_norm=True,
        licence="Apache-2.0 (torchxrayvision); the training images have terms of their own",
        source="torchxrayvision",
        host="https://github.com/mlmed/torchxrayvision/releases/download/v1/",
        sha256_prefix=None,
        channels=1,
        view="xray",
        # 0..1 becomes -1024..1024
        mean=(0.5,),
        std=(1 / 2048,),
        outputs=tuple(
            Output(label, None if point == "-" else float(point))
            for label, point in zip(LABELS, points.split(), strict=True)
        ),
    )


# Operating points in the order of the labels; a dash: this output was not trained.
CARDS = (
    _card(
        "all",
        "nih-pc-chex-mimic_ch-google-openi-kaggle",
        "NIH ChestX-ray14, PadChest, CheXpert, MIMIC-CXR (CheXpert's labels), "
        "Google's labels of NIH, OpenI and RSNA",
        "0.07422872 0.038290843 0.09814756 0.0098118475 0.023601074 0.0022490358 0.010060724 "
        "0.103246614 0.056810737 0.026791653 0.050318155 0.023985857 0.01939503 0.042889766 "
        "0.053369623 0.035975814 0.20204692 0.05015312",
    ),
    _card(
        "mimic_nb",
        "mimic_nb",
        "MIMIC-CXR (NegBio's labels)",
        "0.08558747 0.011884617 - 0.0040595434 0.010733786 - - 0.118761964 0.022924708 - "
        "0.06358637 - - - 0.022143636 0.017476924 0.1258702 0.014020768",
    ),
    _card(
        "mimic_ch",
        "mimic_ch",
        "MIMIC-CXR (CheXpert's labels)",
        "0.09121389 0.010573786 - 0.005023008 0.003698257 - - 0.08001232 0.037242252 - "
        "0.05006329 - - - 0.019866971 0.03823637 0.11303808 0.0069147074",
    ),
    _card(
        "nih",
        "nih",
        "NIH ChestX-ray14",
        "0.039117552 0.0034529066 0.11396341 0.0057298196 0.00045666535 0.0018880932 "
        "0.012037827 0.038744126 0.0037213727 0.014730946 0.016149804 0.054241467 0.037198864 "
        "0.0004403434 - - - -",
    ),
    _card(
        "chex",
        "chex",
        "CheXpert",
        "0.1988969 0.05710573 - 0.0531293 0.1435217 - - 0.27212676 0.07749717 - 0.19712369 - "
        "- - 0.09932402 0.09273402 0.3270967 0.10888247",
    ),
    _card(
        "pc",
        "pc",
        "PadChest",
        "0.031012505 0.013347598 0.081435576 0.001262615 0.002587246 0.0035944257 0.0023071 "
        "0.055412333 0.044385884 0.042766232 0.043258056 0.037629247 0.005658899 0.0091741895 "
        "- 0.026507627 - -",
    ),
    _card(
        "rsna",
        "kaggle",
        "the RSNA pneumonia challenge",
        "- - - - - - - - 0.13486601 - - - - - - - 0.13511065 -",
    ),
)
