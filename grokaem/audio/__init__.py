"""From a waveform to features (spectrogram, mel, MFCC, gammatone, GFCC) and to a wide residual network.

The modules are imported one by one (``from grokaem.audio.features import make``), so that reading a file or
planning a network does not wait for torch.
"""
