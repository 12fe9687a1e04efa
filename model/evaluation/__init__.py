"""What a trained writer is worth: every measure, one home each, and the page that shows them.

    from model.evaluation.run import evaluate

`likelihood` and `brief` read networks only and are used at the end of a training; `language_model`
and `kneser_ney` are judges that know nothing of a writer. The rest reads the `Evidence` (real
sentences, drafts and served sentences, drawn once) and gives rows of figures. Needs scikit-learn
and tqdm, the extra `train`.
"""
