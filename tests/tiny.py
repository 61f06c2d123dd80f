"""Models small enough to build in a test: the real code at a tenth of the size, untrained."""

from musicgen.models.base import Composer


def tiny_vae() -> Composer:
    """A `VAEComposer` of four bars a window, with random weights that do say something."""
    import keras

    from musicgen.models.note_decoder import NoteDecoder, NoteDecoderConfig
    from musicgen.models.prior import Prior, PriorConfig
    from musicgen.models.progression import Progression, ProgressionConfig
    from musicgen.models.vae import VAE, VAEConfig
    from musicgen.models.vae_composer import VAEComposer

    keras.utils.set_random_seed(7)
    vae_config = VAEConfig(
        bars=16, latent=8, width=32, heads=2, encoder_blocks=1, conductor_blocks=1, note_width=16, features=8
    )
    prior_config = PriorConfig(bars=16, latent=8, width=20, heads=2, blocks=1)
    vae, prior = VAE(vae_config, name="vae"), Prior(prior_config, name="prior")
    # untrained heads expect sixteen notes in a cell: fewer are drawn sooner
    vae.head.rate.assign(vae.head.rate - 1.0)
    # ... and untrained gates let no condition through
    for weight in prior.trainable_weights:
        if "modulation" in weight.path or "x_out" in weight.path:
            weight.assign(keras.random.normal(weight.shape, stddev=0.1, seed=1))
    progression = Progression(ProgressionConfig(chord=4, width=8), name="progression")
    small = NoteDecoderConfig(
        latent=8, width=32, heads=2, conductor_blocks=1, note_width=16, features=8, history_blocks=1, inner_width=16,
        inner_heads=2, inner_blocks=1,
    )  # fmt: skip
    notes = NoteDecoder(small, name="notes")
    notes.begin_from(vae, prior)
    return VAEComposer(vae, prior, progression, steps=2, notes=notes)


def tiny_gan() -> Composer:
    """A `GANComposer` over the latents of `tiny_vae`, whose prior's weights its generator has."""
    from musicgen.models.gan import Generator
    from musicgen.models.gan_composer import GANComposer
    from musicgen.models.grid_composer import GridComposer

    start = tiny_vae()
    assert isinstance(start, GridComposer)
    generator = Generator(start.prior.config, name="generator")
    generator.set_weights(start.prior.get_weights())
    forms = {"pop": {"AABA": 0.7, "AA'BB": 0.3}}
    return GANComposer(start.vae, generator, start.progression, forms, notes=start.notes)
