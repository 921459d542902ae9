"""Opus through libopus: what goes in comes out, and nothing given to it is a crash."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lab.errors import MissingError
from lab.signals.noise import noise
from lab.signals.sine import sine
from lab.transport import opus
from lab.transport.opus import FRAMES, Decoder, Encoder, OpusError, code, packet_frames

PACKETS = 50


def test_decoded_audio_lags_by_the_lookahead_and_is_close_to_what_was_encoded() -> None:
    pcm = noise(PACKETS * FRAMES, seed=1)[:, :1].repeat(2, axis=1) * np.float32(0.3)
    low = np.apply_along_axis(lambda x: np.convolve(x, np.ones(16) / 16, "same"), 0, pcm)
    low = low.astype(np.float32)
    got = code(low)
    lag = Encoder().lookahead_frames
    assert lag == 312
    window = low[FRAMES:-FRAMES, 0]
    scores = [
        float(np.dot(window, got[FRAMES + d : FRAMES + d + len(window), 0]))
        for d in range(lag - 20, lag + 21)
    ]
    assert int(np.argmax(scores)) - 20 + lag == lag
    error = got[FRAMES + lag : FRAMES + lag + len(window), 0] - window
    assert np.std(error) < 0.3 * np.std(window)


def test_a_packet_of_a_tone_has_about_the_bytes_of_128_kbit_per_second() -> None:
    encoder = Encoder()
    pcm = noise(PACKETS * FRAMES, seed=2) * np.float32(0.3)
    sizes = [len(encoder.encode(pcm[i * FRAMES : (i + 1) * FRAMES])) for i in range(PACKETS)]
    assert 250 < np.mean(sizes) < 400
    assert max(sizes) <= 1500


def test_int16_and_float_make_the_same_audio() -> None:
    pcm = sine(FRAMES, sample_rate=48_000)
    whole = np.round(pcm * 32_768).astype(np.int16)
    a, b = Encoder(), Encoder()
    first = Decoder().decode(a.encode(whole))
    second = Decoder().decode(b.encode((whole / np.float32(32_768)).astype(np.float32)))
    assert np.allclose(first, second, atol=1e-3)


def test_a_lost_packet_of_a_tone_is_concealed_with_a_tone() -> None:
    encoder, decoder = Encoder(), Decoder()
    pcm = sine(20 * FRAMES, sample_rate=48_000)
    for i in range(10):
        decoder.decode(encoder.encode(pcm[i * FRAMES : (i + 1) * FRAMES]))
    made_up = decoder.conceal()
    assert made_up.shape == (FRAMES, 2)
    assert float(np.std(made_up[:480])) > 0.1  # silence would be none
    faded = [decoder.conceal() for _ in range(50)][-1]
    assert float(np.std(faded)) < 0.01


def test_audio_sent_with_losses_differs_from_the_first_lost_packet_on_and_is_as_long() -> None:
    pcm = sine(20 * FRAMES + 7, sample_rate=48_000)
    lost = np.zeros(20, dtype=bool)
    lost[12] = True
    whole, holed = code(pcm), code(pcm, 128_000, lost)
    assert whole.shape == holed.shape == (20 * FRAMES, 2)
    at = 12 * FRAMES
    assert np.array_equal(whole[:at], holed[:at])
    assert not np.array_equal(whole[at : at + FRAMES], holed[at : at + FRAMES])
    # Concealed, not left out: what follows stays in its place, and is soon the same again.
    assert np.allclose(whole[-2 * FRAMES :], holed[-2 * FRAMES :], atol=0.02)
    with pytest.raises(ValueError, match="20 packets, and 3 words"):
        code(pcm, 128_000, lost[:3])


def test_fewer_bits_make_audio_that_is_less_like_the_original() -> None:
    pcm = noise(20 * FRAMES, seed=5) * np.float32(0.2)
    lag = Encoder().lookahead_frames
    errors = [float(np.std(code(pcm, bitrate)[lag:] - pcm[:-lag])) for bitrate in (16_000, 256_000)]
    assert errors[0] > 1.5 * errors[1]


def test_an_empty_packet_is_an_error_and_not_a_loss() -> None:
    with pytest.raises(OpusError, match="empty"):
        Decoder().decode(b"")
    with pytest.raises(OpusError, match="empty"):
        packet_frames(b"")


@pytest.mark.parametrize(
    ("packet", "why"),
    [
        (bytes.fromhex("ff"), "code 3 without its count"),
        (bytes.fromhex("ff 00"), "no frames at all"),
        (bytes.fromhex("ff 3f"), "63 frames of 20 ms are longer than a packet may be"),
        (bytes.fromhex("fd 01"), "two frames of equal length in an odd number of bytes"),
        (b"\xfc" + bytes(1400), "one frame above 1275 bytes"),
    ],
)
def test_a_packet_that_contradicts_itself_is_an_error(packet: bytes, why: str) -> None:
    decoder = Decoder()
    with pytest.raises(OpusError, match="no Opus packet"):
        decoder.decode(packet)
    # It goes on with the next one.
    assert len(decoder.decode(bytes.fromhex("fc ff fe"))) == FRAMES, why


@given(st.lists(st.binary(min_size=0, max_size=1500), max_size=8))
def test_garbage_is_audio_or_an_error_and_never_more_than_120_ms(packets: list[bytes]) -> None:
    decoder = Decoder()
    for packet in packets:
        try:
            frames = decoder.decode(packet)
        except OpusError:
            continue
        assert frames.shape[1] == 2
        assert 120 <= len(frames) <= 5760
        assert np.all(np.isfinite(frames))
        assert len(frames) == packet_frames(packet)


@pytest.mark.parametrize("frames", [0, -960, 100, 5761, 6000])
def test_a_length_that_cannot_be_concealed_is_refused(frames: int) -> None:
    with pytest.raises(ValueError, match="concealed"):
        Decoder().conceal(frames)


@pytest.mark.parametrize("shape", [(959, 2), (960, 1), (960,), (0, 2)])
def test_what_is_no_packet_of_audio_is_refused(shape: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match="a packet is made of"):
        Encoder().encode(np.zeros(shape, dtype=np.float32))
    with pytest.raises(ValueError, match="float64"):
        Encoder().encode(np.zeros((960, 2)))  # type: ignore[arg-type]


def test_a_bit_rate_that_opus_does_not_have_is_one_clear_line() -> None:
    with pytest.raises(OpusError, match="a bit rate of -7"):
        Encoder(bitrate=-7)


def test_an_encoder_that_was_reset_makes_what_a_new_one_makes() -> None:
    pcm = noise(8 * FRAMES, seed=3) * np.float32(0.2)
    encoder = Encoder()
    fresh = encoder.encode(pcm[:FRAMES])
    assert encoder.encode(pcm[:FRAMES]) != fresh
    encoder.reset()
    assert encoder.encode(pcm[:FRAMES]) == fresh


def test_without_libopus_one_line_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(opus, "_NAMES", {})
    monkeypatch.setattr("ctypes.util.find_library", lambda _: None)
    opus._opus.cache_clear()
    try:
        with pytest.raises(MissingError, match="apt-get install libopus0") as caught:
            Decoder()
        assert caught.value.exit_code == 3
        assert "\n" not in str(caught.value)
    finally:
        opus._opus.cache_clear()


def test_nothing_of_libopus_is_loaded_before_it_is_used() -> None:
    code = "import lab.transport.opus; print('opus' in open('/proc/self/maps').read())"
    if sys.platform != "linux":
        pytest.skip("there is no list of mapped files")
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60
    )
    # The module's own file is not mapped; the library would be.
    assert done.stdout.strip() == "False"
