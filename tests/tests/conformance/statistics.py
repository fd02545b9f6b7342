"""Writes statistics.csv: what scipy and statsmodels say to what the kiosk's numbers are held against.

Run once, by hand, where the formulas or the cases change:
    pip install scipy==1.17.1 statsmodels==0.15.0
    python statistics.py > statistics.csv
The first line of the table names the versions that wrote it. A row is a formula, its input and its output, the numbers of both
parted by spaces. Nothing here is random but by the seed.

`wilson`, `two shares`, `difference`, `mean`, `two means`, `holm` and `usual` are what the libraries themselves say; of `nps`, `two nps` and
`limits` they have the quantiles and deviations alone, and the formula is written here once more.
"""

import numpy as np
import scipy
import statsmodels
from scipy import stats
from statsmodels.stats.multitest import multipletests
from statsmodels.stats.proportion import confint_proportions_2indep, proportion_confint, proportions_ztest
from statsmodels.stats.weightstats import CompareMeans, DescrStatsW

chance = np.random.default_rng(20261129)


def row(formula, given, found):
    numbers = lambda values: " ".join(repr(float(value)) for value in values)
    print(f"{formula},{numbers(given)},{numbers(found)}")


def spread(counts, lowest):
    return np.repeat(np.arange(lowest, lowest + len(counts)), counts).astype(float)


def drawn(values, answers):
    return chance.multinomial(answers, chance.dirichlet(np.ones(values)))


print(f"# scipy {scipy.__version__}, statsmodels {statsmodels.__version__}, numpy {np.__version__}")

def two_shares(hits, ofs):
    """Fisher's exact test where fewer than five are expected in a cell, else the score test."""
    share = sum(hits) / sum(ofs)
    if min(ofs) * min(share, 1 - share) < 5:
        p = stats.fisher_exact([[hit, of - hit] for hit, of in zip(hits, ofs)])[1]
    else:
        p = proportions_ztest(hits, ofs)[1]
    row("two shares", [hits[0], ofs[0], hits[1], ofs[1]], [p])


for hits, of in [(0, 1), (1, 1), (0, 5), (3, 5), (5, 5), (8, 10), (1, 1000), (263, 1000), (9_999_999, 10_000_000)]:
    row("wilson", [hits, of], proportion_confint(hits, of, method="wilson"))
for _ in range(60):
    of = int(chance.integers(1, 5000))
    hits = int(chance.integers(0, of + 1))
    row("wilson", [hits, of], proportion_confint(hits, of, method="wilson"))

for _ in range(60):
    ofs = chance.integers(1, 3000, 2)
    hits = [int(chance.integers(0, of + 1)) for of in ofs]
    if 0 < sum(hits) < sum(ofs):
        two_shares(hits, ofs)
for hits, ofs in [([294, 4], [300, 5]), ([297, 4], [300, 5]), ([0, 3], [9, 9]), ([5, 0], [5, 6]), ([9_000, 3], [10_000, 5])]:
    two_shares(hits, ofs)

# Bonett and Price 2012, with scipy's quantile.
z = stats.norm.ppf(0.975)


def adjusted(counts):
    n = counts.sum() + 2
    p, q = (counts[9:].sum() + 1) / n, (counts[:7].sum() + 1) / n
    return p - q, (p + q - (p - q) ** 2) / n


for answers in [1, 2, 5, 10, 30, 100, 1000, 100_000] * 5:
    one, other = drawn(11, answers), drawn(11, max(1, answers // 2))
    middle, variance = adjusted(one)
    ends = np.clip([middle - z * variance**0.5, middle + z * variance**0.5], -1, 1)
    score = 100 * (one[9:].sum() - one[:7].sum()) / answers
    row("nps", one, [score, *(100 * ends)])
    against, its = adjusted(other)
    p = 2 * stats.norm.sf(abs(middle - against) / (variance + its) ** 0.5)
    row("two nps", [*one, *other], [p])

def counts(values):
    return [int((values == value).sum()) for value in range(1, 8)]


def two_means(one, other):
    """Answers that are all alike have one more at each end of the scale."""
    wide = lambda values: values if values.std() > 0 else np.append(values, [1.0, 7.0])
    compared = CompareMeans(DescrStatsW(wide(one)), DescrStatsW(wide(other)))
    row("two means", [*counts(one), *counts(other)], [compared.ttest_ind(usevar="unequal")[1]])


for answers in [2, 3, 5, 10, 30, 100, 1000, 20_000] * 5:
    one, other = spread(drawn(7, answers), 1), spread(drawn(7, answers + 3), 1)
    if one.std() > 0:
        low, high = stats.t.interval(0.95, len(one) - 1, one.mean(), stats.sem(one))
        row("mean", counts(one), [one.mean(), max(low, 1), min(high, 7)])
    two_means(one, other)
two_means(np.full(5, 7.0), spread([0, 0, 10, 0, 20, 30, 140], 1))
two_means(np.full(50, 7.0), np.full(50, 1.0))

for size in [1, 2, 3, 4, 6, 9] * 4:
    p = chance.random(size) ** 3
    row("holm", p, multipletests(p, method="holm")[1])

# A prediction interval is scipy's t interval with the spread of one more value.
for size in [4, 5, 8] * 8:
    days = chance.poisson(chance.integers(0, 400), size)
    error = days.std(ddof=1) * (1 + 1 / size) ** 0.5
    if error == 0:
        continue
    low, high = stats.t.interval(0.95, size - 1, days.mean(), error)
    row("usual", days, [max(low, 0), high])

# The p chart's limits are three of scipy's binomial deviations around the centre.
for centre in [0.01, 0.05, 0.2, 0.5, 0.9]:
    for of in [1, 4, 15, 60, 400]:
        deviation = stats.binom.std(of, centre) / of
        row("limits", [centre, of], [max(centre - 3 * deviation, 0), min(centre + 3 * deviation, 1)])

# Newcombe's interval of the difference of two shares.
pairs = [((56, 70), (48, 80)), ((9, 10), (3, 10)), ((5, 56), (1, 29)), ((10, 10), (1, 20)), ((208, 1748), (132, 1942))]
for _ in range(40):
    ofs = [int(of) for of in chance.integers(2, 3000, 2)]
    pairs.append(tuple((int(chance.integers(1, of)), of) for of in ofs))
for (hits, of), (other_hits, other_of) in pairs:
    found = confint_proportions_2indep(hits, of, other_hits, other_of, method="newcomb", compare="diff")
    row("difference", [hits, of, other_hits, other_of], [hits / of - other_hits / other_of, *found])
