"""Files that travel with messages: kept here, under random ids, shown by links that expire.

Above: the doors, adapters (through `channels.base.House`), the engine. Below: a folder.

- `sniffing` what a file is, by its bytes
- `naming` a name that harms nobody
- `store` where the bytes are
- `library` `Files`: put, read (fetched from the platform if need be), forget
- `links` signed addresses that expire
- `keeper` deletes what is too old
"""
