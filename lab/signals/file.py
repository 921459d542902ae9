"""Real audio files, as the host takes them: raw interleaved Float32."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from lab.errors import SignalError


@dataclass(frozen=True)
class AudioFile:
    """The contents of an audio file.

    Attributes
    ----------
    path
        Where it came from.
    frames
        Shape (frames, channels), full scale 1.0.
    sample_rate
        Hz, after resampling if that was asked for.
    file_sample_rate
        Hz, as the file says.
    """

    path: Path
    frames: NDArray[np.float32]
    sample_rate: int
    file_sample_rate: int

    @property
    def channels(self) -> int:
        """Channels of the file."""
        return int(self.frames.shape[1])

    @property
    def seconds(self) -> float:
        """Length in seconds."""
        return len(self.frames) / self.sample_rate


def read_audio(path: Path, *, sample_rate: int | None = None, resample: bool = False) -> AudioFile:
    """Read an audio file as Float32.

    Parameters
    ----------
    path
        Anything that libsndfile reads: WAV, AIFF, FLAC, Ogg, MP3.
    sample_rate
        The rate that is needed, Hz; None takes the file's own.
    resample
        Allow a change of rate. It alters every sample, so it has to be asked for.

    Returns
    -------
    AudioFile

    Raises
    ------
    SignalError
        When the file is absent, is not audio, is empty, or has the wrong rate.
    """
    import soundfile

    if not path.is_file():
        raise SignalError("no such file", where=str(path), do="check the path")
    try:
        data, rate = soundfile.read(str(path), dtype="float32", always_2d=True)
    except (soundfile.SoundFileError, RuntimeError, OSError) as error:
        raise SignalError(
            "not an audio file that can be read",
            where=f"{path} ({error})",
            do="give a WAV, AIFF, FLAC, Ogg or MP3 file",
        ) from error
    frames = np.ascontiguousarray(data, dtype=np.float32)
    if len(frames) == 0:
        raise SignalError("the audio file holds no frames", where=str(path), do="give a longer one")
    if sample_rate is not None and rate != sample_rate:
        if not resample:
            raise SignalError(
                f"the file is at {rate} Hz and the device at {sample_rate} Hz",
                where=str(path),
                do="ask for resampling (--resample) or set the device to the file's rate (--rate)",
            )
        frames = resampled(frames, rate, sample_rate)
    return AudioFile(path, frames, sample_rate if sample_rate is not None else rate, rate)


def resampled(frames: NDArray[np.float32], from_rate: int, to_rate: int) -> NDArray[np.float32]:
    """Change the sample rate by a windowed sinc.

    Parameters
    ----------
    frames
        Shape (frames, channels).
    from_rate, to_rate
        Hz, whole numbers above 0.

    Returns
    -------
    ndarray of float32, shape (ceil(frames * to_rate / from_rate), channels)

    Notes
    -----
    Kaiser-windowed sinc, 32 zero crossings a side, beta 9: about 90 dB of rejection. Good
    enough to play, slow enough not to be a habit.
    """
    if from_rate == to_rate:
        return frames
    count = -(-len(frames) * to_rate // from_rate)
    cut = min(1.0, to_rate / from_rate) * 0.97
    half = int(np.ceil(32 / cut))
    padded = np.pad(frames.astype(np.float64), ((half, half + 1), (0, 0)))
    out = np.empty((count, frames.shape[1]), dtype=np.float32)
    tap = np.arange(-half + 1, half + 1)
    for begin in range(0, count, 8192):
        number = np.arange(begin, min(begin + 8192, count), dtype=np.int64)
        whole, part = np.divmod(number * from_rate, to_rate)
        distance = tap[np.newaxis, :] - (part / to_rate)[:, np.newaxis]
        window = np.i0(9.0 * np.sqrt(np.clip(1.0 - (distance / half) ** 2, 0.0, 1.0))) / np.i0(9.0)
        kernel = cut * np.sinc(cut * distance) * window
        index = whole[:, np.newaxis] + tap[np.newaxis, :] + half
        out[number] = np.einsum("nt,ntc->nc", kernel, padded[index])
    return out


def write_wav(path: Path, frames: NDArray[np.float32], sample_rate: int) -> None:
    """Write a recording as a Float32 WAV: what was read is what the file holds.

    Parameters
    ----------
    path
        Where to; replaced when it exists.
    frames
        Shape (frames, channels).
    sample_rate
        Hz.

    Raises
    ------
    SignalError
        When the file cannot be written.
    """
    import soundfile

    try:
        soundfile.write(str(path), frames, sample_rate, subtype="FLOAT", format="WAV")
    except (soundfile.SoundFileError, RuntimeError, OSError) as error:
        raise SignalError(
            "the recording cannot be written", where=f"{path} ({error})", do="choose another folder"
        ) from error


def write_raw(path: Path, frames: NDArray[np.float32]) -> None:
    """Write interleaved Float32, little-endian, without a header: a source of the host.

    Parameters
    ----------
    path
        Where to; replaced when it exists.
    frames
        Shape (frames, channels).
    """
    np.ascontiguousarray(frames, dtype="<f4").tofile(path)


def read_raw(path: Path, channels: int) -> NDArray[np.float32]:
    """Read what `write_raw` or a recording sink wrote; a torn last frame is cut off.

    Parameters
    ----------
    path
        The file.
    channels
        Samples per frame.

    Returns
    -------
    ndarray of float32, shape (frames, channels)
    """
    data = np.fromfile(path, dtype="<f4")
    whole = len(data) // channels * channels
    return data[:whole].reshape(-1, channels).astype(np.float32, copy=False)
