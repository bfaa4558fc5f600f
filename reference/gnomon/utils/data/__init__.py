"""Datasets, the order in which they are read, and loaders that make batches of them.

>>> import gnomon as torch
>>> from gnomon.utils.data import DataLoader, TensorDataset
>>> dataset = TensorDataset(torch.arange(5), torch.arange(5.0) / 2)
>>> for number, half in DataLoader(dataset, batch_size=2):
...     print(number, half)
tensor([0, 1]) tensor([0.0000, 0.5000])
tensor([2, 3]) tensor([1.0000, 1.5000])
tensor([4]) tensor([2.])
"""

from gnomon.utils.data import dataloader as dataloader
from gnomon.utils.data import dataset as dataset
from gnomon.utils.data import distributed as distributed
from gnomon.utils.data import sampler as sampler
from gnomon.utils.data.dataloader import DataLoader as DataLoader
from gnomon.utils.data.dataloader import default_collate as default_collate
from gnomon.utils.data.dataloader import default_convert as default_convert
from gnomon.utils.data.dataloader import get_worker_info as get_worker_info
from gnomon.utils.data.dataset import ChainDataset as ChainDataset
from gnomon.utils.data.dataset import ConcatDataset as ConcatDataset
from gnomon.utils.data.dataset import Dataset as Dataset
from gnomon.utils.data.dataset import IterableDataset as IterableDataset
from gnomon.utils.data.dataset import StackDataset as StackDataset
from gnomon.utils.data.dataset import Subset as Subset
from gnomon.utils.data.dataset import TensorDataset as TensorDataset
from gnomon.utils.data.dataset import random_split as random_split
from gnomon.utils.data.distributed import DistributedSampler as DistributedSampler
from gnomon.utils.data.sampler import BatchSampler as BatchSampler
from gnomon.utils.data.sampler import RandomSampler as RandomSampler
from gnomon.utils.data.sampler import Sampler as Sampler
from gnomon.utils.data.sampler import SequentialSampler as SequentialSampler
from gnomon.utils.data.sampler import SubsetRandomSampler as SubsetRandomSampler
from gnomon.utils.data.sampler import WeightedRandomSampler as WeightedRandomSampler
