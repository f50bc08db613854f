"""Many write the first keys of a new folder at once: the losers of the race for the folder run again,
and none of them is told anything but that it was written."""

import threading

WRITERS = 16
FOLDERS = 20


def test_every_first_writer_of_a_folder_is_served(make_vault):
    vault = make_vault()
    answers = []
    together = threading.Barrier(WRITERS)

    def write(number):
        client = vault.new_client()
        for folder in range(FOLDERS):
            together.wait()
            answers.append(client.post(f"secret/data/first-{folder}/key-{number}",
                                       {"data": {"n": number}}).status)
        client.close()

    threads = [threading.Thread(target=write, args=(n,)) for n in range(WRITERS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert answers == [200] * (WRITERS * FOLDERS)
    for folder in range(FOLDERS):
        for number in range(WRITERS):
            assert vault.read(f"first-{folder}/key-{number}") == {"n": number}
