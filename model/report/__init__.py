"""The pictures of the 2018 paper, made of a writer and its corpus, on one page.

`model.report.run.report` does the whole of it. Like the training this package needs the extra
`train`: scikit-learn lays out the latent map, and matplotlib draws.
"""
