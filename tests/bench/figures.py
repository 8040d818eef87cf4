# SPDX-License-Identifier: MIT
"""What was measured, and what may be said of it: medians, quartiles, ratios."""

import statistics


class Figure:
    """One case of one program: the values of each of its starts. Where it could not do the case, what
    happened instead."""

    def __init__(self, unit):
        self.unit = unit
        self.starts = {}
        self.happened = []
        self.skipped = None

    def add(self, value, start=0):
        self.starts.setdefault(start, []).append(value)

    @property
    def values(self):
        """Those of the start that counts: the middle one, by its median."""
        starts = sorted(self.starts.values(), key=statistics.median)
        return starts[(len(starts) - 1) // 2] if starts else []

    @property
    def median(self):
        return statistics.median(self.values) if self.values else None

    @property
    def quartiles(self):
        values = sorted(self.values)
        if len(values) < 2:
            return (values[0], values[0])
        low, _, high = statistics.quantiles(values, n=4, method="inclusive")
        return (low, high)

    @property
    def n(self):
        return len(self.values)

    @property
    def said(self):
        """What happened instead of an answer, or why it was not tried, or None."""
        return self.happened[-1] if self.happened and not self.values else self.skipped


class Figures:
    """All of them, by case and program."""

    def __init__(self):
        self.all = {}

    def of(self, case, program, unit=None):
        if (case, program) not in self.all and unit is not None:
            self.all[case, program] = Figure(unit)
        return self.all.get((case, program))

    def add(self, case, program, value, unit, start=0):
        self.of(case, program, unit).add(value, start)

    def fail(self, case, program, happened, unit):
        self.of(case, program, unit).happened.append(happened)

    def skip(self, case, program, why, unit):
        self.of(case, program, unit).skipped = why

    def failures(self, program):
        """How often it did not do what it was asked to."""
        return sum(len(figure.happened) for (_, name), figure in self.all.items() if name == program)

    def median(self, case, program):
        figure = self.of(case, program)
        return figure.median if figure else None

    def ratio(self, case, program, other, other_case=None):
        """How many times what the other has, or None where one of them has nothing."""
        mine, theirs = self.median(case, program), self.median(other_case or case, other)
        return mine / theirs if mine is not None and theirs else None

    def cases(self):
        return list(dict.fromkeys(case for case, _ in self.all))

    def write(self, path):
        with open(path, "w", encoding="utf-8") as out:
            out.write("case\tprogram\tmedian\tlow quartile\thigh quartile\tn\tunit\tinstead\n")
            for (case, program), figure in self.all.items():
                numbers = ["", "", "", "0"]
                if figure.values:
                    numbers = [f"{x:.4g}" if abs(x) < 10000 else f"{x:.0f}"
                               for x in (figure.median, *figure.quartiles)] + [str(figure.n)]
                out.write("\t".join([case, program, *numbers, figure.unit, figure.said or ""]) + "\n")
